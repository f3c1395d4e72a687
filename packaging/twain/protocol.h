/* The part of TWAIN 2.x (twain.org) that the helper and its tests use: types, numbers, and how they lie in memory. */
#ifndef TONGBAN_TWAIN_PROTOCOL_H
#define TONGBAN_TWAIN_PROTOCOL_H

#include <stdint.h>

#ifdef _WIN32
#include <windows.h>
#define TWAIN_CALL __stdcall
#else
#define TWAIN_CALL
#endif

#pragma pack(push, 2)

typedef void *TwHandle;
typedef struct { int16_t whole; uint16_t fraction; } TwFix32;
typedef struct { uint16_t major, minor, language, country; char info[34]; } TwVersion;
typedef struct {
    uint32_t id;
    TwVersion version;
    uint16_t protocol_major, protocol_minor;
    uint32_t groups;
    char maker[34], family[34], name[34];
} TwIdentity;
typedef struct { uint16_t show, modal; TwHandle parent; } TwUserInterface;
typedef struct { uint16_t capability, container; TwHandle data; } TwCapability;
typedef struct { uint16_t type; uint32_t value; } TwOneValue;
typedef struct { uint16_t type; uint32_t count, current, standard; uint8_t items[1]; } TwEnumeration;
typedef struct { uint16_t type; uint32_t least, most, step, standard, current; } TwRange;
typedef struct { uint16_t condition, data; } TwStatus;
typedef struct { uint16_t count; uint32_t end; } TwPendingXfers;
typedef struct { uint32_t least, most, preferred; } TwSetupMemXfer;
typedef struct { uint32_t flags, length; void *data; } TwMemory;
typedef struct {
    uint16_t compression;
    uint32_t row_bytes, columns, rows, x, y, written;
    TwMemory memory;
} TwImageMemXfer;
typedef struct {
    TwFix32 x_dpi, y_dpi;
    int32_t width, height;
    int16_t samples, bits_of_sample[8], bits;
    uint16_t planar;
    int16_t pixel_type;
    uint16_t compression;
} TwImageInfo;
typedef uint16_t(TWAIN_CALL *TwEntry)(TwIdentity *, TwIdentity *, uint32_t, uint16_t, uint16_t, void *);
typedef struct {
    uint32_t size;
    TwEntry entry;
    TwHandle(TWAIN_CALL *allocate)(uint32_t);
    void(TWAIN_CALL *release)(TwHandle);
    void *(TWAIN_CALL *lock)(TwHandle);
    void(TWAIN_CALL *unlock)(TwHandle);
} TwEntryPoint;
typedef struct { void *function; uint32_t constant; int16_t message; } TwCallback;
#ifdef _WIN32
typedef struct { void *event; uint16_t message; } TwEvent;
#endif

#pragma pack(pop)

enum { DG_CONTROL = 1, DG_IMAGE = 2, DF_APP2 = 0x20000000, DF_DSM2 = 0x10000000 };
enum {
    DAT_CAPABILITY = 0x0001, DAT_EVENT = 0x0002, DAT_IDENTITY = 0x0003, DAT_PARENT = 0x0004,
    DAT_PENDINGXFERS = 0x0005, DAT_SETUPMEMXFER = 0x0006, DAT_STATUS = 0x0008, DAT_USERINTERFACE = 0x0009,
    DAT_CALLBACK = 0x0010, DAT_IMAGEINFO = 0x0101, DAT_IMAGEMEMXFER = 0x0103, DAT_ENTRYPOINT = 0x0403
};
enum {
    MSG_NULL = 0, MSG_GET = 0x0001, MSG_GETDEFAULT = 0x0003, MSG_GETFIRST = 0x0004, MSG_GETNEXT = 0x0005,
    MSG_SET = 0x0006, MSG_RESET = 0x0007, MSG_XFERREADY = 0x0101, MSG_CLOSEDSREQ = 0x0102, MSG_CLOSEDSOK = 0x0103,
    MSG_OPENDSM = 0x0301, MSG_CLOSEDSM = 0x0302, MSG_OPENDS = 0x0401, MSG_CLOSEDS = 0x0402, MSG_DISABLEDS = 0x0501,
    MSG_ENABLEDS = 0x0502, MSG_PROCESSEVENT = 0x0601, MSG_ENDXFER = 0x0701, MSG_REGISTER_CALLBACK = 0x0902
};
enum { TWRC_SUCCESS = 0, TWRC_FAILURE = 1, TWRC_CHECKSTATUS = 2, TWRC_CANCEL = 3, TWRC_DSEVENT = 4, TWRC_NOTDSEVENT = 5,
       TWRC_XFERDONE = 6, TWRC_ENDOFLIST = 7 };
enum { TWCC_LOWMEMORY = 2, TWCC_NODS = 3, TWCC_MAXCONNECTIONS = 4, TWCC_OPERATIONERROR = 5, TWCC_DENIED = 16,
       TWCC_PAPERJAM = 20, TWCC_PAPERDOUBLEFEED = 21, TWCC_CHECKDEVICEONLINE = 23, TWCC_INTERLOCK = 24,
       TWCC_NOMEDIA = 29 };
enum {
    CAP_XFERCOUNT = 0x0001, ICAP_COMPRESSION = 0x0100, ICAP_PIXELTYPE = 0x0101, ICAP_UNITS = 0x0102,
    ICAP_XFERMECH = 0x0103, CAP_FEEDERENABLED = 0x1002, CAP_FEEDERLOADED = 0x1003, CAP_AUTOFEED = 0x1007,
    CAP_INDICATORS = 0x100b, CAP_PAPERDETECTABLE = 0x100d, CAP_DUPLEX = 0x1012, CAP_DUPLEXENABLED = 0x1013,
    ICAP_XRESOLUTION = 0x1118, ICAP_YRESOLUTION = 0x1119, ICAP_SUPPORTEDSIZES = 0x1122,
    CAP_DOUBLEFEEDDETECTIONRESPONSE = 0x1142
};
enum { TWON_ARRAY = 3, TWON_ENUMERATION = 4, TWON_ONEVALUE = 5, TWON_RANGE = 6 };
enum { TWTY_INT16 = 1, TWTY_UINT16 = 4, TWTY_UINT32 = 5, TWTY_BOOL = 6, TWTY_FIX32 = 7 };
enum { TWPT_BW = 0, TWPT_GRAY = 1, TWPT_RGB = 2 };
enum { TWSX_MEMORY = 2, TWCP_NONE = 0, TWCP_JPEG = 6, TWUN_INCHES = 0, TWSS_A4 = 1, TWDP_STOP = 0 };
enum { TWMF_APPOWNS = 1, TWMF_POINTER = 8 };

#endif
