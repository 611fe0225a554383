/*
 * Notes how far a server's transaction log is forced to its disk, preloaded into the server's Java.
 * SIGKILL leaves what a process has written in the machine's page cache; with this note, what a loss of
 * power would have taken can be removed. ZKLAB_FORCED_DIR names a folder:
 *
 *   forced  "log.100000001 4711": of this log, the first 4711 bytes are on the disk. Logs are forced in
 *           their order, so all of those before it are. Written in place, so that it is never torn.
 *   hold    While there is such a file, nothing of a log reaches the disk: whoever forces it waits.
 *
 * The position is the one at which the server writes next. What it preallocates, it writes elsewhere
 * (FilePadding). A force that cannot be noted fails: otherwise the server would acknowledge what is then
 * taken from it.
 *
 * It includes no header, so that no C library's headers are needed to compile it; see the script build.
 */
extern void *dlsym(void *, const char *);
extern char *getenv(const char *), *strrchr(const char *, int);
extern int open(const char *, int, ...), close(int), access(const char *, int), usleep(unsigned);
extern int snprintf(char *, unsigned long, const char *, ...), strncmp(const char *, const char *, unsigned long);
extern long readlink(const char *, char *, unsigned long), lseek(int, long, int);
extern long pwrite(int, const void *, unsigned long, long);

#define RTLD_NEXT ((void *)-1)
#define O_WRONLY 1
#define O_CREAT 0100
#define O_CLOEXEC 02000000
#define SEEK_CUR 1

/* Returns the name of an open file without its folders, if it is a transaction log. */
static const char *log_of(int file, char *path, unsigned long size)
{
	char link[64];
	const char *name;
	long n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	n = readlink(link, path, size - 1);
	if (n < 0)
		return 0;
	path[n] = 0;
	name = strrchr(path, '/');
	return name && !strncmp(name, "/log.", 5) ? name + 1 : 0;
}

static void wait_for_disk(const char *dir)
{
	char hold[512];

	snprintf(hold, sizeof hold, "%s/hold", dir);
	while (!access(hold, 0))
		usleep(1000);
}

static int note(const char *dir, const char *log, long end)
{
	char line[64] = "", path[512];
	long n;
	int file;

	snprintf(path, sizeof path, "%s/forced", dir);
	snprintf(line, sizeof line, "%s %ld\n", log, end);
	file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (file < 0)
		return -1;
	n = pwrite(file, line, sizeof line, 0);
	close(file);
	return n == sizeof line ? 0 : -1;
}

static int force(int file, const char *how)
{
	int (*real)(int) = dlsym(RTLD_NEXT, how);
	const char *dir = getenv("ZKLAB_FORCED_DIR"), *log;
	char path[4096];
	long end;

	log = dir ? log_of(file, path, sizeof path) : 0;
	if (!log)
		return real(file);
	end = lseek(file, 0, SEEK_CUR);
	wait_for_disk(dir);
	if (end < 0 || real(file))
		return -1;
	return note(dir, log, end);
}

int fdatasync(int file) { return force(file, "fdatasync"); }

int fsync(int file) { return force(file, "fsync"); }
