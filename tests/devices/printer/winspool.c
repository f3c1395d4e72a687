/* Stands in for Windows' winspool.drv: one queue called 小票 that keeps what it is given. The structures are written
   down from Microsoft's headers, so that a C compiler lays them out and not the program under test. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

typedef uint32_t DWORD;
typedef int BOOL;
typedef wchar_t *LPWSTR;
typedef struct { uint16_t part[8]; } SYSTEMTIME;
typedef struct { LPWSTR pDocName, pOutputFile, pDatatype; } DOC_INFO_1W;
typedef struct { DWORD dwStatus; } PRINTER_INFO_6;
typedef struct {
    DWORD JobId;
    LPWSTR pPrinterName, pMachineName, pUserName, pDocument, pDatatype, pStatus;
    DWORD Status, Priority, Position, TotalPages, PagesPrinted;
    SYSTEMTIME Submitted;
} JOB_INFO_1W;

#define MOST 8
static JOB_INFO_1W jobs[MOST];
static wchar_t names[MOST][64];
static unsigned char taken[1 << 20];
static DWORD count, size, printer_status, next_status, open_handles, short_writes;

/* What the test says and asks. */
void be(DWORD printer, DWORD job) {
    printer_status = printer;
    next_status = job;
    for (DWORD at = 0; at < count; at++) jobs[at].Status = job;
}
void reset(void) { count = size = printer_status = next_status = open_handles = short_writes = 0; }
void write_short(void) { short_writes = 1; }
void somebody_else(void) {
    wcscpy(names[count], L"report.docx");
    jobs[count] = (JOB_INFO_1W){.JobId = count + 1, .pDocument = names[count]};
    count++;
}
DWORD handles(void) { return open_handles; }
DWORD written(unsigned char *to) { memcpy(to, taken, size); return size; }
DWORD job_status(DWORD id) { return jobs[id - 1].Status; }

/* What winspool.drv offers. */
BOOL OpenPrinterW(LPWSTR name, void **handle, void *defaults) {
    if (wcscmp(name, L"小票") || defaults) return 0;
    open_handles++;
    *handle = (void *)(intptr_t)0x123456789abc; /* wider than 32 bits, as Windows' may be */
    return 1;
}
static BOOL is_ours(void *handle) { return handle == (void *)(intptr_t)0x123456789abc; }
BOOL ClosePrinter(void *handle) { open_handles -= is_ours(handle); return 1; }
DWORD StartDocPrinterW(void *handle, DWORD level, DOC_INFO_1W *info) {
    if (!is_ours(handle) || level != 1 || info->pOutputFile || wcscmp(info->pDatatype, L"RAW") || count == MOST) return 0;
    wcsncpy(names[count], info->pDocName, 63);
    jobs[count] = (JOB_INFO_1W){.JobId = count + 1, .pDocument = names[count], .Status = next_status};
    return ++count;
}
BOOL StartPagePrinter(void *handle) { return is_ours(handle); }
BOOL WritePrinter(void *handle, const void *data, DWORD length, DWORD *done) {
    if (!is_ours(handle) || size + length > sizeof taken) return 0;
    memcpy(taken + size, data, length);
    size += length;
    *done = short_writes ? length / 2 : length;
    return 1;
}
BOOL EndPagePrinter(void *handle) { return is_ours(handle); }
BOOL EndDocPrinter(void *handle) { return is_ours(handle); }
BOOL AbortPrinter(void *handle) { jobs[count - 1].Status = 0x100; return is_ours(handle); }
BOOL GetPrinterW(void *handle, DWORD level, PRINTER_INFO_6 *info, DWORD room, DWORD *needed) {
    *needed = sizeof *info;
    if (!is_ours(handle) || level != 6 || room < sizeof *info) return 0;
    info->dwStatus = printer_status;
    return 1;
}
BOOL GetJobW(void *handle, DWORD id, DWORD level, JOB_INFO_1W *info, DWORD room, DWORD *needed) {
    *needed = sizeof *info;
    if (!is_ours(handle) || level != 1 || !id || id > count || room < sizeof *info) return 0;
    if (jobs[id - 1].Status == 0xffffffff) return 0; /* over and forgotten */
    *info = jobs[id - 1];
    return 1;
}
BOOL EnumJobsW(void *handle, DWORD first, DWORD most, DWORD level, JOB_INFO_1W *info, DWORD room, DWORD *needed,
               DWORD *found) {
    *needed = count * sizeof *info;
    *found = 0;
    if (!is_ours(handle) || first || level != 1 || most < count || room < *needed) return 0;
    memcpy(info, jobs, *needed);
    *found = count;
    return 1;
}
BOOL SetJobW(void *handle, DWORD id, DWORD level, void *info, DWORD command) {
    if (!is_ours(handle) || level || info || command != 5 || !id || id > count) return 0;
    jobs[id - 1].Status = 0x104;
    return 1;
}
