"""待办, 取件, 查询: a list of cases, and one of them with what may be done to it here."""
