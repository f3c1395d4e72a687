/* A TWAIN source manager with one source, for the tests: it minds the states of TWAIN's specification and fails as
 * TONGBAN_TEST_TWAIN tells it to. What is asked out of turn is a failure, so a helper that does so gets no page. */
#include "protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDE = 310, HIGH = 438, ROW = 932, TALL = 50, PAGES = 4 };

static int state = 2, feeder, duplex, page, row, grey, jpeg, condition;
static TwCallback callback;

static const char *behaves(void) { return getenv("TONGBAN_TEST_TWAIN") ? getenv("TONGBAN_TEST_TWAIN") : ""; }
static int is(const char *word) { return !strcmp(behaves(), word); }
static uint16_t fails(int with) { condition = with; return TWRC_FAILURE; }

static TwHandle allocate(uint32_t size) { return calloc(1, size); }
static void give_back(TwHandle handle) { free(handle); }
static void *lock(TwHandle handle) { return handle; }
static void unlock(TwHandle handle) { (void)handle; }

static uint16_t one(TwCapability *asked, uint16_t type, uint32_t value) {
    TwOneValue *made = calloc(1, sizeof *made);
    made->type = type, made->value = value;
    asked->container = TWON_ONEVALUE, asked->data = made;
    return TWRC_SUCCESS;
}

static uint16_t several(TwCapability *asked, uint16_t type, const void *items, uint32_t count, size_t size) {
    TwEnumeration *made = calloc(1, sizeof *made + count * size);
    made->type = type, made->count = count;
    memcpy(made->items, items, count * size);
    asked->container = TWON_ENUMERATION, asked->data = made;
    return TWRC_SUCCESS;
}

static uint16_t capability(uint16_t how, TwCapability *asked) {
    static const uint16_t kinds[] = {TWPT_BW, TWPT_GRAY, TWPT_RGB}, ways[] = {TWCP_NONE, TWCP_JPEG};
    static const TwFix32 dpi[] = {{75, 0}, {150, 0}, {300, 0}};
    uint32_t value = how == MSG_SET ? ((TwOneValue *)asked->data)->value : 0;
    if (state != 4) return fails(11 /* sequence */);
    switch (asked->capability) {
    case CAP_FEEDERENABLED:
        if (how == MSG_SET) feeder = (int)value;
        return how == MSG_SET ? TWRC_SUCCESS : one(asked, TWTY_BOOL, (uint32_t)feeder);
    case CAP_DUPLEXENABLED:
        if (how == MSG_SET) duplex = (int)value;
        return TWRC_SUCCESS;
    case CAP_DUPLEX: return one(asked, TWTY_UINT16, 2);
    case CAP_PAPERDETECTABLE: return one(asked, TWTY_BOOL, 1);
    case CAP_FEEDERLOADED: return one(asked, TWTY_BOOL, !is("empty"));
    case ICAP_PIXELTYPE:
        if (how == MSG_SET) grey = value == TWPT_GRAY;
        return how == MSG_SET ? TWRC_SUCCESS : several(asked, TWTY_UINT16, kinds, 3, sizeof *kinds);
    case ICAP_XRESOLUTION:
        return how == MSG_SET ? TWRC_SUCCESS : several(asked, TWTY_FIX32, dpi, 3, sizeof *dpi);
    case ICAP_COMPRESSION:
        if (how == MSG_SET) jpeg = value == TWCP_JPEG;
        return how == MSG_SET ? TWRC_SUCCESS : several(asked, TWTY_UINT16, ways, is("lines") ? 1 : 2, sizeof *ways);
    case CAP_XFERCOUNT: case ICAP_YRESOLUTION: case ICAP_XFERMECH: case ICAP_UNITS: case ICAP_SUPPORTEDSIZES:
        return TWRC_SUCCESS;
    default: return fails(6 /* not known */);
    }
}

/* The next strip: of a file that the test wrote, or of lines, each longer than its pixels. */
static uint16_t strip(TwImageMemXfer *into) {
    if (state != 6 && state != 7) return fails(11);
    if (page == 2 && is("jam")) return fails(TWCC_PAPERJAM);
    if (page == 2 && is("double_feed")) return fails(TWCC_PAPERDOUBLEFEED);
    if (page == 2 && is("cover_open")) return fails(TWCC_INTERLOCK);
    if (page == 2 && is("gone")) return fails(TWCC_CHECKDEVICEONLINE);
    if (page == 2 && is("stopped")) return TWRC_CANCEL;
    if (page == 2 && is("crash")) abort();
    if (page == 2 && is("hang")) for (;;) pause();
    state = 7;
    uint8_t *data = into->memory.data;
    into->compression = jpeg ? TWCP_JPEG : TWCP_NONE;
    if (jpeg) {
        static FILE *file;
        char path[512];
        snprintf(path, sizeof path, "%s/%d.jpg", getenv("TONGBAN_TEST_PAGES"), page + 1);
        if (!file) file = fopen(path, "rb");
        into->written = (uint32_t)fread(data, 1, into->memory.length, file);
        into->rows = 0, into->row_bytes = 0;
        if (page == 2 && is("cut")) into->written /= 2;
        int more = fgetc(file);
        if (more != EOF && !(page == 2 && is("cut"))) return ungetc(more, file), TWRC_SUCCESS;
        fclose(file), file = NULL;
        return TWRC_XFERDONE;
    }
    into->row_bytes = ROW, into->columns = WIDE, into->rows = HIGH - row < TALL ? HIGH - row : TALL;
    into->written = into->rows * ROW;
    for (uint32_t y = 0; y < into->rows; y++)
        for (int x = 0; x < ROW; x++) data[y * ROW + x] = (uint8_t)(x % (grey ? WIDE : 3) + 60 * page);
    row += (int)into->rows;
    return row < HIGH ? TWRC_SUCCESS : TWRC_XFERDONE;
}

uint16_t DSM_Entry(TwIdentity *app, TwIdentity *source, uint32_t group, uint16_t what, uint16_t how, void *data) {
    (void)group;
    printf("a driver prints what it likes\n"), fflush(stdout);
    if (what == DAT_PARENT && how == MSG_OPENDSM && state == 2) {
        if (app->groups & DF_APP2) app->groups |= DF_DSM2;
        return state = 3, TWRC_SUCCESS;
    }
    if (what == DAT_PARENT && how == MSG_CLOSEDSM && state == 3) return state = 2, TWRC_SUCCESS;
    if (what == DAT_ENTRYPOINT && state == 3) {
        TwEntryPoint *given = data;
        given->allocate = allocate, given->release = give_back, given->lock = lock, given->unlock = unlock;
        return TWRC_SUCCESS;
    }
    if (what == DAT_STATUS) return ((TwStatus *)data)->condition = (uint16_t)condition, TWRC_SUCCESS;
    if (what == DAT_IDENTITY && how == MSG_CLOSEDS && state == 4) return state = 3, TWRC_SUCCESS;
    if (what == DAT_IDENTITY && state == 3) {
        TwIdentity *found = data;
        if (is("absent")) return fails(TWCC_NODS);
        if (how == MSG_GETNEXT) return TWRC_ENDOFLIST;
        if (how == MSG_OPENDS) return found->id = 7, state = 4, TWRC_SUCCESS;
        strcpy(found->name, "Stand-in");
        return TWRC_SUCCESS;
    }
    if (!source || source->id != 7) return fails(10 /* bad value */);
    if (what == DAT_CAPABILITY) return capability(how, data);
    if (what == DAT_CALLBACK && state == 4) return callback = *(TwCallback *)data, TWRC_SUCCESS;
    if (what == DAT_USERINTERFACE && how == MSG_ENABLEDS && state == 4) {
        TwEntry heard = (TwEntry)callback.function;
        state = 5, page = row = 0;
        if (is("silent")) return TWRC_SUCCESS;
        state = 6;
        return heard(source, app, DG_CONTROL, MSG_NULL, MSG_XFERREADY, NULL), TWRC_SUCCESS;
    }
    if (what == DAT_USERINTERFACE && how == MSG_DISABLEDS && state == 5) return state = 4, TWRC_SUCCESS;
    if (what == DAT_IMAGEINFO && state == 6) {
        TwImageInfo *info = data;
        memset(info, 0, sizeof *info);
        info->x_dpi.whole = info->y_dpi.whole = 75;
        info->width = WIDE, info->height = HIGH, info->bits = grey ? 8 : 24;
        return TWRC_SUCCESS;
    }
    if (what == DAT_SETUPMEMXFER && state == 6) {
        TwSetupMemXfer *sizes = data;
        sizes->least = sizes->preferred = sizes->most = ROW * TALL;
        return TWRC_SUCCESS;
    }
    if (what == DAT_IMAGEMEMXFER) return strip(data);
    if (what == DAT_PENDINGXFERS && (state == 6 || state == 7)) {
        TwPendingXfers *pending = data;
        page++, row = 0;
        pending->count = how == MSG_RESET || !feeder || page == PAGES ? 0 : (uint16_t)(PAGES - page);
        state = pending->count ? 6 : 5;
        return TWRC_SUCCESS;
    }
    return fails(11);
}
