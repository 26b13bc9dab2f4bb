/* wordloom devices: what can compute here, and why CUDA cannot where it cannot. */
#include "devices.h"
#include "options.h"
#include "program.h"

#include <dlfcn.h>
#include <stdio.h>

#ifdef WORDLOOM_WITH_CUDA
/* Asks the driver itself, as the library only counts. */
static const char *ask_driver(void *driver, char *text, size_t room)
{
    int (*init)(unsigned) = NULL, (*count)(int *) = NULL;
    int devices = 0;
    *(void **)&init = dlsym(driver, "cuInit");
    *(void **)&count = dlsym(driver, "cuDeviceGetCount");
    const int status = init ? init(0) : -1;
    if (status == 100 || (status == 0 && count && count(&devices) == 0 && devices == 0))
        return "the NVIDIA driver sees no GPU";
    if (status) {
        snprintf(text, room, "the NVIDIA driver does not start (cuInit answers %d)", status);
        return text;
    }
    return "cuBLASLt is not found, or the driver is older than this build's CUDA";
}

static const char *why_no_cuda(void)
{
    static char text[128];
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!driver) return "there is no NVIDIA driver (libcuda.so.1)";
    const char *reason = ask_driver(driver, text, sizeof text);
    dlclose(driver);
    return reason;
}
#else
static const char *why_no_cuda(void) { return "this build has no CUDA backend"; }
#endif

const char *const device_choices[] = { "auto", "cuda", "cpu", NULL };

int device_open(int choice, wl_ctx **out)
{
    const int gpus = choice == DEVICE_CPU ? 0 : wl_device_count(WL_CUDA);
    if (choice == DEVICE_CUDA && gpus == 0) {
        say("--device cuda: no CUDA device: %s", why_no_cuda());
        return EXIT_NO_DEVICE;
    }
    const wl_status status = wl_ctx_create(out, gpus ? WL_CUDA : WL_CPU, 0);
    if (status == WL_OK) return EXIT_DONE;
    say("cannot use the %s: %s", gpus ? "GPU" : "CPU", wl_status_name(status));
    return status == WL_UNSUPPORTED ? EXIT_NO_DEVICE : EXIT_FAILED;
}

int64_t device_workers(int choice)
{
    const int gpus = choice == DEVICE_CPU ? 0 : wl_device_count(WL_CUDA);
    wl_device_info info;
    if (wl_device_describe(gpus ? WL_CUDA : WL_CPU, 0, &info)) return 1;
    return gpus ? 32 * (int64_t)info.processors : info.processors;
}

static void print_device(const char *kind, int ordinal, const wl_device_info *info)
{
    char capability[16] = "", units[32];
    if (info->capability)
        snprintf(capability, sizeof capability, "%d.%d", (int)info->capability / 10,
                 (int)info->capability % 10);
    snprintf(units, sizeof units, "%d %s", (int)info->processors,
             info->capability ? "multiprocessors" : "threads");
    printf("%-5s %-3d %-28s %-11s %-20s %.1f GiB\n", kind, ordinal, info->name, capability, units,
           (double)info->memory / 0x1p30);
}

int run_devices(int count, char **args)
{
    const subcommand command = { .name = "devices",
                                 .arguments = "",
                                 .summary = "Lists the devices that can compute here." };
    wl_device_info info;
    int first;
    const int status = options_read(&command, count, args, &first);
    if (status != OPTIONS_READ) return status;
    printf("%-5s %-3s %-28s %-11s %-20s %s\n", "kind", "no.", "name", "capability", "units",
           "memory");
    if (wl_device_describe(WL_CPU, 0, &info) == WL_OK) print_device("cpu", 0, &info);
    const int gpus = wl_device_count(WL_CUDA);
    for (int i = 0; i < gpus; i++)
        if (wl_device_describe(WL_CUDA, i, &info) == WL_OK) print_device("cuda", i, &info);
    if (gpus == 0) printf("cuda  -   none: %s\n", why_no_cuda());
    return EXIT_DONE;
}
