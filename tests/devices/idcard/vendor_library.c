/* A small stand-in for a maker's library: the interface of SDT (0x90 is well), of Syn (0 is well) and of CVR (1 is well),
   and a decoder of photographs. The environment variable TONGBAN_TEST_VENDOR says how it behaves: crash, hang, absent, overrun, suspect. */
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

static unsigned char text[256], photo[1024];
static int loaded, lain;

static int is(const char *word) {
    const char *said = getenv("TONGBAN_TEST_VENDOR");
    return said && strcmp(said, word) == 0;
}

static void load(void) {
    const char *path = getenv("TONGBAN_TEST_CARD");
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (file) {
        if (fread(text, 1, 256, file) == 256 && fread(photo, 1, 1024, file) == 1024) loaded = 1;
        fclose(file);
    }
    printf("a library that chats on standard output\n");
    fflush(stdout);
}

static int opened(int port) { load(); return port == 1001 && loaded; }
static int found(void) { return !is("absent") && !lain; }
static int base(unsigned char *t, unsigned int *tl, unsigned char *p, unsigned int *pl) {
    if (is("crash")) abort();
    if (is("hang")) for (;;) sleep(60);
    memcpy(t, text, 256); *tl = 256;
    memcpy(p, photo, 1024); *pl = is("overrun") ? 100000 : 1024;
    lain = 1;
    return 1;
}

int SDT_OpenPort(int port) { return opened(port) ? 0x90 : 0x01; }
int SDT_ClosePort(int port) { (void)port; return 0x90; }
int SDT_StartFindIDCard(int port, unsigned char *iin, int open) { (void)port; (void)open; memset(iin, 0, 4); return found() ? 0x9F : 0x80; }
int SDT_SelectIDCard(int port, unsigned char *sn, int open) { (void)port; (void)open; memset(sn, 0, 8); return 0x90; }
int SDT_ReadBaseMsg(int port, unsigned char *t, unsigned int *tl, unsigned char *p, unsigned int *pl, int open) {
    (void)port; (void)open;
    if (is("suspect")) return 0x33;
    return base(t, tl, p, pl) ? 0x90 : 0x41;
}
int SDT_GetSAMIDToStr(int port, char *said, int open) { (void)port; (void)open; strcpy(said, "05.01-20230101-0001234567-987654321"); return 0x90; }

int Syn_OpenPort(int port) { return opened(port) ? 0 : -1; }
int Syn_ClosePort(int port) { (void)port; return 0; }
int Syn_StartFindIDCard(int port, unsigned char *iin, int open) { (void)port; (void)open; memset(iin, 0, 4); return found() ? 0 : -5; }
int Syn_SelectIDCard(int port, unsigned char *sn, int open) { (void)port; (void)open; memset(sn, 0, 8); return 0; }
int Syn_ReadBaseMsg(int port, unsigned char *t, unsigned int *tl, unsigned char *p, unsigned int *pl, int open) {
    (void)port; (void)open;
    return base(t, tl, p, pl) ? 0 : -8;
}

int _Unpack(const unsigned char *source, int size, unsigned char *pixels, int *length) {
    if (is("photo_crash")) abort();
    if (size != 1024 || source[0] != 'W') return 0;
    for (int at = 0; at < 102 * 126 * 3; at++) pixels[at] = (unsigned char)at;
    *length = 102 * 126 * 3;
    return 1;
}

/* CVR: texts one by one, GBK; the card must be lifted to be found again; files are written where the process stands. */
static int texts(int at, int size, char *said, int *length) {
    char *in = (char *)text + at, *out = said;
    size_t left = size, room = 1024;
    iconv_t to = iconv_open("GB18030", "UTF-16LE");
    iconv(to, &in, &left, &out, &room);
    iconv_close(to);
    *length = (int)(out - said);
    return 1;
}

int CVR_InitComm(int port) { return opened(port); }
int CVR_Authenticate(void) { int first = found(); lain = 1; return first; }
int CVR_Read_Content(int active) {
    if (active != 4 || is("suspect")) return 0;
    if (is("crash")) { FILE *left = fopen("wz.txt", "wb"); fwrite(text, 1, 256, left); fclose(left); abort(); }
    if (is("hang")) for (;;) sleep(60);
    FILE *file = fopen("wz.txt", "wb");
    fwrite(text, 1, 256, file);
    fclose(file);
    return 1;
}
int CVR_GetSAMID(char *said) { strcpy(said, "05.01-20230101-0001234567-987654321"); return 1; }
int GetCertType(char *said, int *length) { said[0] = is("foreign") ? 'I' : ' '; *length = 1; return 1; }
int GetPeopleName(char *said, int *length) { texts(0, 30, said, length); if (is("overrun")) *length = 100000; return 1; }
#ifdef WIDE
int GetPeopleNameU(char *said, int *length) { memcpy(said, text, 30); *length = 30; return 1; }
#endif
int GetPeopleSex(char *said, int *length) { strcpy(said, text[30] == '1' ? "\xc4\xd0" : "\xc5\xae"); *length = 2; return 1; }
int GetPeopleNation(char *said, int *length) { strcpy(said, "\xba\xba"); *length = 2; return 1; }
int GetPeopleBirthday(char *said, int *length) { return texts(36, 16, said, length); }
int GetPeopleAddress(char *said, int *length) { return texts(52, 70, said, length); }
int GetPeopleIDCode(char *said, int *length) { return texts(122, 36, said, length); }
int GetDepartment(char *said, int *length) { return texts(158, 30, said, length); }
int GetStartDate(char *said, int *length) { return texts(188, 16, said, length); }
int GetEndDate(char *said, int *length) { return texts(204, 16, said, length); }
int GetBMPData(char *said, int *length) { memcpy(said, "BM-a picture", 12); *length = 12; return !is("no_picture"); }
