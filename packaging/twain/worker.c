/* A TWAIN source as a worker of ours, of 32 bits, because most makers ship no other driver.
 *
 * It speaks the lines of devices/worker.py on stdin and stdout: options, then calls and cancellations in; ready, ok,
 * item with a blob, alive, end and problem out. The driver scanner/twain starts it and turns raw lines into a picture.
 * Names come as hex digits of the system's code page. It ends with stdin, whatever a source is doing.
 *
 * Built by build.sh for Windows, and by the tests for Linux, where a stand-in takes the place of the source manager.
 */
#include "protocol.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#define dup _dup
#define dup2 _dup2
#define fdopen _fdopen
#else
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>
#endif

enum { LINE = 1 << 16, BLOB_LIMIT = 256 << 20, LOOK = 20 /* ms between two looks at what a source says */ };

static FILE *out;
static char call[LINE], source_name[34];
static volatile int call_waits, cancelled;
static int number; /* of the call that is being answered */
static TwIdentity app, source;
static TwEntry entry;
static TwEntryPoint memory;
static volatile int told; /* MSG_XFERREADY or MSG_CLOSEDSREQ, by callback or by a window message */

/* --- the wire ------------------------------------------------------------------------------------------------- */

static void say(const char *format, ...) {
    va_list facts;
    va_start(facts, format);
    vfprintf(out, format, facts);
    va_end(facts);
    fputc('\n', out);
    if (fflush(out)) exit(0); /* nobody hears us any more */
}

static void alive(void) { say("{\"id\": %d, \"alive\": true}", number); }

/* The value behind a key: our own side wrote the line, with json.dumps in ASCII. */
static const char *find(const char *line, const char *key) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\": ", key);
    const char *at = strstr(line, wanted);
    return at ? at + strlen(wanted) : NULL;
}

static int find_number(const char *line, const char *key) {
    const char *at = find(line, key);
    return at ? atoi(at) : -1;
}

static void find_text(const char *line, const char *key, char *text, size_t size) {
    const char *at = find(line, key);
    size_t n = 0;
    if (at && *at == '"')
        for (at++; *at && *at != '"' && n + 1 < size; at++) text[n++] = *at;
    text[n] = 0;
}

static void find_name(const char *line, const char *key, char *name, size_t size) {
    char hex[4096];
    size_t n = 0;
    unsigned byte;
    find_text(line, key, hex, sizeof hex);
    while (n + 1 < size && hex[2 * n] && hex[2 * n + 1] && sscanf(hex + 2 * n, "%2x", &byte) == 1) name[n++] = (char)byte;
    name[n] = 0;
}

static void listen_to_parent(void) {
    static char line[LINE];
    while (fgets(line, sizeof line, stdin)) {
        if (find(line, "cancel")) {
            cancelled = 1;
        } else {
            cancelled = 0;
            memcpy(call, line, sizeof line);
            call_waits = 1;
        }
    }
    _exit(0); /* the source may hang: no tidy end is possible from here */
}

#ifdef _WIN32
static DWORD WINAPI listener(void *nothing) { (void)nothing, listen_to_parent(); return 0; }
static void pause_a_little(void) { Sleep(LOOK); }
#else
static void *listener(void *nothing) { (void)nothing, listen_to_parent(); return NULL; }
static void pause_a_little(void) { usleep(LOOK * 1000); }
#endif

/* --- memory: the source manager's since TWAIN 2, the system's before --------------------------------------------- */

static TwHandle allocate(uint32_t size) {
    if (memory.allocate) return memory.allocate(size);
#ifdef _WIN32
    return GlobalAlloc(GHND, size);
#else
    return calloc(1, size);
#endif
}

static void *locked(TwHandle handle) {
    if (memory.lock) return memory.lock(handle);
#ifdef _WIN32
    return GlobalLock(handle);
#else
    return handle;
#endif
}

static void release(TwHandle handle) {
    if (memory.release) {
        if (memory.unlock) memory.unlock(handle);
        memory.release(handle);
        return;
    }
#ifdef _WIN32
    GlobalUnlock(handle);
    GlobalFree(handle);
#else
    free(handle);
#endif
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

static uint16_t ask(uint32_t group, uint16_t what, uint16_t how, void *data) {
    return entry(&app, source.id ? &source : NULL, group, what, how, data);
}

static uint16_t set(uint16_t capability, uint16_t type, uint32_t value) {
    TwCapability wanted = {capability, TWON_ONEVALUE, allocate(sizeof(TwOneValue))};
    if (!wanted.data) return TWRC_FAILURE;
    TwOneValue *one = locked(wanted.data);
    one->type = type;
    one->value = value;
    uint16_t answer = ask(DG_CONTROL, DAT_CAPABILITY, MSG_SET, &wanted);
    release(wanted.data);
    return answer;
}

static uint32_t fixed(int whole) {
    TwFix32 value = {(int16_t)whole, 0};
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint32_t item(uint16_t type, const uint8_t *at) {
    uint16_t two;
    uint32_t four;
    switch (type) {
    case TWTY_FIX32: case TWTY_INT16: case TWTY_UINT16: case TWTY_BOOL:
        memcpy(&two, at, sizeof two);
        return two;
    default:
        memcpy(&four, at, sizeof four);
        return four;
    }
}

/* Up to `most` values of a capability, the current one first where there is only one. Returns how many, 0 for none. */
static int values(uint16_t capability, uint32_t *found, int most) {
    TwCapability wanted = {capability, 0, NULL};
    int count = 0;
    if (ask(DG_CONTROL, DAT_CAPABILITY, MSG_GET, &wanted) != TWRC_SUCCESS || !wanted.data) return 0;
    void *data = locked(wanted.data);
    if (wanted.container == TWON_ONEVALUE) {
        TwOneValue *one = data;
        found[count++] = item(one->type, (uint8_t *)&one->value);
    } else if (wanted.container == TWON_ENUMERATION) {
        TwEnumeration *several = data;
        int size = several->type == TWTY_FIX32 || several->type == TWTY_UINT32 ? 4 : 2;
        for (uint32_t n = 0; n < several->count && count < most; n++)
            found[count++] = item(several->type, several->items + n * size);
    } else if (wanted.container == TWON_RANGE) {
        static const uint32_t usual[] = {75, 100, 150, 200, 300, 400, 600};
        TwRange *range = data;
        uint32_t least = item(range->type, (uint8_t *)&range->least), top = item(range->type, (uint8_t *)&range->most);
        for (size_t n = 0; n < sizeof usual / sizeof *usual && count < most; n++)
            if (usual[n] >= least && usual[n] <= top) found[count++] = usual[n];
    }
    release(wanted.data);
    return count;
}

static int has(uint16_t capability, uint32_t value) {
    uint32_t found[64];
    for (int n = values(capability, found, 64); n-- > 0;)
        if (found[n] == value) return 1;
    return 0;
}

static void problem(const char *code, const char *retry) {
    say("{\"id\": %d, \"problem\": {\"code\": \"%s\", \"retry\": \"%s\", \"facts\": {}}}", number, code, retry);
}

/* What the source says is wrong. */
static void tell_condition(void) {
    TwStatus status = {0, 0};
    ask(DG_CONTROL, DAT_STATUS, MSG_GET, &status);
    switch (status.condition) {
    case TWCC_PAPERJAM: problem("scanner.jam", "after_fix"); break;
    case TWCC_PAPERDOUBLEFEED: problem("scanner.double_feed", "after_fix"); break;
    case TWCC_INTERLOCK: problem("scanner.cover_open", "after_fix"); break;
    case TWCC_NOMEDIA: problem("scanner.no_paper", "after_fix"); break;
    case TWCC_CHECKDEVICEONLINE: problem("scanner.gone", "after_fix"); break;
    case TWCC_MAXCONNECTIONS: problem("scanner.busy", "again"); break;
    case TWCC_DENIED: problem("scanner.access", "after_fix"); break;
    case TWCC_LOWMEMORY: problem("scanner.memory", "after_fix"); break;
    case TWCC_NODS: problem("scanner.absent", "after_fix"); break;
    default: problem("scanner.io", "again");
    }
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static uint16_t TWAIN_CALL heard(TwIdentity *from, TwIdentity *to, uint32_t group, uint16_t what, uint16_t message,
                                 void *data) {
    (void)from, (void)to, (void)group, (void)what, (void)data;
    if (message == MSG_XFERREADY || message == MSG_CLOSEDSREQ || message == MSG_CLOSEDSOK) told = message;
    return TWRC_SUCCESS;
}

static TwHandle window(void) {
#ifdef _WIN32
    static HWND made;
    if (!made) made = CreateWindowA("STATIC", "", WS_POPUP, 0, 0, 1, 1, NULL, NULL, NULL, NULL);
    return made;
#else
    return NULL;
#endif
}

static int load_manager(const char *path) {
#ifdef _WIN32
    HMODULE library = LoadLibraryA(*path ? path : "TWAINDSM.dll");
    if (!library && !*path) library = LoadLibraryA("TWAIN_32.dll");
    entry = library ? (TwEntry)(void *)GetProcAddress(library, "DSM_Entry") : NULL;
#else
    void *library = dlopen(*path ? path : "libtwaindsm.so", RTLD_NOW);
    entry = library ? (TwEntry)dlsym(library, "DSM_Entry") : NULL;
#endif
    return entry != NULL;
}

/* Opens the manager (state 3) and the source that was chosen, or the default one (state 4). */
static int open_source(void) {
    TwHandle parent = window();
    source.id = 0;
    if (!entry) return problem("scanner.no_twain", "after_fix"), 0;
    if (ask(DG_CONTROL, DAT_PARENT, MSG_OPENDSM, &parent) != TWRC_SUCCESS)
        return problem("scanner.no_twain", "after_fix"), 0;
    if (app.groups & DF_DSM2) {
        memory.size = sizeof memory;
        if (ask(DG_CONTROL, DAT_ENTRYPOINT, MSG_GET, &memory) != TWRC_SUCCESS) memset(&memory, 0, sizeof memory);
    }
    TwIdentity one;
    memset(&one, 0, sizeof one);
    uint16_t answer = entry(&app, NULL, DG_CONTROL, DAT_IDENTITY, *source_name ? MSG_GETFIRST : MSG_GETDEFAULT, &one);
    while (answer == TWRC_SUCCESS && *source_name && strncmp(one.name, source_name, sizeof one.name))
        answer = entry(&app, NULL, DG_CONTROL, DAT_IDENTITY, MSG_GETNEXT, &one);
    if (answer == TWRC_SUCCESS) answer = entry(&app, NULL, DG_CONTROL, DAT_IDENTITY, MSG_OPENDS, &one);
    if (answer != TWRC_SUCCESS) {
        problem("scanner.absent", "after_fix");
        entry(&app, NULL, DG_CONTROL, DAT_PARENT, MSG_CLOSEDSM, &parent);
        return 0;
    }
    source = one;
    return 1;
}

static void close_source(void) {
    TwHandle parent = window();
    entry(&app, NULL, DG_CONTROL, DAT_IDENTITY, MSG_CLOSEDS, &source);
    source.id = 0;
    entry(&app, NULL, DG_CONTROL, DAT_PARENT, MSG_CLOSEDSM, &parent);
}

/* --- the two calls ------------------------------------------------------------------------------------------------ */

static void tell_capabilities(void) {
    uint32_t dpi[64], duplex[1] = {0};
    char list[512] = "";
    if (!open_source()) return;
    int feeder = has(CAP_FEEDERENABLED, 1) || set(CAP_FEEDERENABLED, TWTY_BOOL, 1) == TWRC_SUCCESS;
    values(CAP_DUPLEX, duplex, 1);
    int count = values(ICAP_XRESOLUTION, dpi, 64);
    for (int n = 0; n < count && strlen(list) < sizeof list - 16; n++)
        sprintf(list + strlen(list), "%s%u", n ? ", " : "", (unsigned)dpi[n]);
    int grey = has(ICAP_PIXELTYPE, TWPT_GRAY), colour = has(ICAP_PIXELTYPE, TWPT_RGB);
    say("{\"id\": %d, \"ok\": {\"sources\": [%s%s\"flatbed\"], \"colours\": [%s%s\"bw\"], \"dpi\": [%s]}}", number,
        feeder ? "\"adf\", " : "", feeder && duplex[0] ? "\"adf_duplex\", " : "", colour ? "\"color\", " : "",
        grey ? "\"gray\", " : "", list);
    close_source();
}

static uint16_t wait_for_source(TwUserInterface *shown) {
    for (int looks = 0; !told && !cancelled; looks++) {
#ifdef _WIN32
        MSG message;
        while (PeekMessageA(&message, NULL, 0, 0, PM_REMOVE)) {
            TwEvent event = {&message, MSG_NULL};
            uint16_t theirs = ask(DG_CONTROL, DAT_EVENT, MSG_PROCESSEVENT, &event);
            if (event.message == MSG_XFERREADY || event.message == MSG_CLOSEDSREQ) told = event.message;
            if (theirs != TWRC_DSEVENT) TranslateMessage(&message), DispatchMessageA(&message);
        }
#endif
        (void)shown;
        if (looks % 10 == 9) alive();
        if (!told) pause_a_little();
    }
    return (uint16_t)told;
}

/* One image in strips. JPEG where the source makes it itself, else lines as they are. */
static int hand_over(int compressed, int back) {
    TwImageInfo info;
    TwSetupMemXfer sizes;
    size_t got = 0, room = 0;
    uint32_t row_bytes = 0, rows = 0;
    uint8_t *data = NULL;
    if (ask(DG_IMAGE, DAT_IMAGEINFO, MSG_GET, &info) != TWRC_SUCCESS ||
        ask(DG_CONTROL, DAT_SETUPMEMXFER, MSG_GET, &sizes) != TWRC_SUCCESS)
        return tell_condition(), 0;
    uint32_t piece = sizes.preferred && sizes.preferred < (16 << 20) ? sizes.preferred : 1 << 18;
    for (;;) {
        if (room - got < piece) {
            if (room > BLOB_LIMIT) return free(data), problem("scanner.memory", "after_fix"), 0;
            room = room ? room * 2 : (size_t)piece * 4;
            uint8_t *more = realloc(data, room);
            if (!more) return free(data), problem("scanner.memory", "after_fix"), 0;
            data = more;
        }
        TwImageMemXfer strip;
        memset(&strip, 0xff, sizeof strip);
        strip.memory.flags = TWMF_APPOWNS | TWMF_POINTER;
        strip.memory.length = piece;
        strip.memory.data = data + got;
        uint16_t answer = ask(DG_IMAGE, DAT_IMAGEMEMXFER, MSG_GET, &strip);
        if (answer != TWRC_SUCCESS && answer != TWRC_XFERDONE) {
            free(data);
            if (answer == TWRC_CANCEL) problem("scanner.cancelled", "again");
            else tell_condition();
            return 0;
        }
        if (strip.written > piece) return free(data), problem("scanner.garbled", "again"), 0;
        got += strip.written;
        row_bytes = strip.row_bytes;
        rows += strip.rows;
        alive();
        if (cancelled) return free(data), problem("scanner.cancelled", "again"), 0;
        if (answer == TWRC_XFERDONE) break;
    }
    say("{\"id\": %d, \"item\": {\"jpeg\": %s, \"back\": %s, \"width\": %d, \"rows\": %u, \"row_bytes\": %u, "
        "\"bits\": %d, \"dpi\": %d}, \"blob\": %lu}",
        number, compressed ? "true" : "false", back ? "true" : "false", (int)info.width, (unsigned)rows,
        (unsigned)row_bytes, info.bits, info.x_dpi.whole, (unsigned long)got);
    if (fwrite(data, 1, got, out) != got || fflush(out)) exit(0);
    free(data);
    return 1;
}

static void scan(void) {
    char from[16], colour[16];
    find_text(call, "source", from, sizeof from);
    find_text(call, "colour", colour, sizeof colour);
    int dpi = find_number(call, "dpi"), feeder = strcmp(from, "flatbed") != 0, duplex = !strcmp(from, "adf_duplex");
    if (!open_source()) return;
    if (feeder != (set(CAP_FEEDERENABLED, TWTY_BOOL, feeder) == TWRC_SUCCESS && feeder) ||
        (duplex && set(CAP_DUPLEXENABLED, TWTY_BOOL, 1) != TWRC_SUCCESS)) {
        problem("scanner.no_such_source", "after_fix");
        close_source();
        return;
    }
    if (feeder && has(CAP_PAPERDETECTABLE, 1) && !has(CAP_FEEDERLOADED, 1)) {
        problem("scanner.no_paper", "after_fix");
        close_source();
        return;
    }
    /* What a source does not know of it refuses; what must hold is looked at in the page that comes. */
    set(CAP_INDICATORS, TWTY_BOOL, 0);
    if (feeder) set(CAP_AUTOFEED, TWTY_BOOL, 1);
    if (feeder && !duplex) set(CAP_DUPLEXENABLED, TWTY_BOOL, 0);
    set(CAP_XFERCOUNT, TWTY_INT16, feeder ? 0xffff : 1);
    set(CAP_DOUBLEFEEDDETECTIONRESPONSE, TWTY_UINT16, TWDP_STOP);
    set(ICAP_UNITS, TWTY_UINT16, TWUN_INCHES);
    set(ICAP_PIXELTYPE, TWTY_UINT16, strcmp(colour, "color") ? TWPT_GRAY : TWPT_RGB);
    set(ICAP_XRESOLUTION, TWTY_FIX32, fixed(dpi));
    set(ICAP_YRESOLUTION, TWTY_FIX32, fixed(dpi));
    set(ICAP_SUPPORTEDSIZES, TWTY_UINT16, TWSS_A4);
    set(ICAP_XFERMECH, TWTY_UINT16, TWSX_MEMORY);
    int compressed = has(ICAP_COMPRESSION, TWCP_JPEG) &&
                     set(ICAP_COMPRESSION, TWTY_UINT16, TWCP_JPEG) == TWRC_SUCCESS;
    TwCallback callback = {(void *)heard, 0, 0};
    if (app.groups & DF_DSM2) ask(DG_CONTROL, DAT_CALLBACK, MSG_REGISTER_CALLBACK, &callback);
    TwUserInterface shown = {0, 0, window()};
    told = 0;
    if (ask(DG_CONTROL, DAT_USERINTERFACE, MSG_ENABLEDS, &shown) != TWRC_SUCCESS) {
        tell_condition();
        close_source();
        return;
    }
    int pages = 0, well = 1;
    if (wait_for_source(&shown) == MSG_XFERREADY) {
        TwPendingXfers pending = {0xffff, 0};
        while (well && pending.count && !cancelled) {
            well = hand_over(compressed, duplex && pages % 2);
            pages += well;
            if (ask(DG_CONTROL, DAT_PENDINGXFERS, MSG_ENDXFER, &pending) != TWRC_SUCCESS && well) {
                tell_condition();
                well = 0;
            }
        }
        if (pending.count) ask(DG_CONTROL, DAT_PENDINGXFERS, MSG_RESET, &pending);
        if (well && cancelled) problem("scanner.cancelled", "again"), well = 0;
    } else {
        problem(cancelled || told == MSG_CLOSEDSREQ ? "scanner.cancelled" : "scanner.io", "again");
        well = 0;
    }
    ask(DG_CONTROL, DAT_USERINTERFACE, MSG_DISABLEDS, &shown);
    close_source();
    if (well) say("{\"id\": %d, \"end\": {\"pages\": %d, \"why\": \"%s\"}}", number, pages, feeder ? "empty" : "single");
}

int main(void) {
    static char options[LINE];
    char path[2048];
    /* What a source prints must not get between our lines. */
    out = fdopen(dup(1), "wb");
    dup2(2, 1);
#ifdef _WIN32
    _setmode(_fileno(out), _O_BINARY);
    SetStdHandle(STD_OUTPUT_HANDLE, GetStdHandle(STD_ERROR_HANDLE));
#endif
    if (!out || !fgets(options, sizeof options, stdin)) return 0;
    find_name(options, "manager", path, sizeof path);
    find_name(options, "source", source_name, sizeof source_name);
    app.version.major = 1;
    app.version.language = 37; /* Chinese, simplified */
    app.version.country = 86;
    app.protocol_major = 2;
    app.protocol_minor = 4;
    app.groups = DG_CONTROL | DG_IMAGE | DF_APP2;
    strcpy(app.maker, "Tongban");
    strcpy(app.family, "Tongban");
    strcpy(app.name, "Tongban");
    load_manager(path);
#ifdef _WIN32
    CreateThread(NULL, 0, listener, NULL, 0, NULL);
#else
    pthread_t thread;
    pthread_create(&thread, NULL, listener, NULL);
#endif
    say("{\"ready\": true}");
    for (;;) {
        char what[32];
        while (!call_waits) pause_a_little();
        call_waits = 0;
        number = find_number(call, "id");
        find_text(call, "do", what, sizeof what);
        if (!strcmp(what, "capabilities")) tell_capabilities();
        else if (!strcmp(what, "scan")) scan();
        else problem("device.cannot_do", "never");
    }
}
