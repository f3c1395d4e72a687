"""The unified acceptance server (统一受理平台): one Django project that stands on `contract` alone.

`settings` and `urls` hold it together; the rooms are org (who and where), catalogue (what may be applied for),
materials (bytes), cases (what happened), exchange (talk with stations), supervise (time) and web (pages).
"""
