/* A small stand-in for a maker's library: the interface of SDT (0x90 is well) and of Syn (0 is well), and a decoder of
   photographs. The environment variable TONGBAN_TEST_VENDOR says how it behaves: crash, hang, absent, overrun, suspect. */
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
