/*
 * A wall clock that can be wrong, preloaded into the server's Java: ZKLAB_CLOCK_FILE names a file that
 * says how many milliseconds the clock is ahead (3600000) or behind (-3600000). It is read each time that
 * the server asks for the time, so a new file has effect at once: replace it by renaming. Without it the
 * clock is right. Clocks that measure how long something takes are always right.
 *
 * libfaketime does this, too, but it also replaces how threads wait. With it a write cost Apache's server ten
 * times the processor time, and an idle server took a tenth of a processor.
 *
 * It includes no header, so that no C library's headers are needed to compile it; see the script build.
 */
struct timespec { long sec, nsec; };
struct timeval { long sec, usec; };

extern void *dlsym(void *, const char *);
extern char *getenv(const char *);
extern int open(const char *, int, ...), close(int);
extern long read(int, void *, unsigned long), atol(const char *);

#define RTLD_NEXT ((void *)-1)
#define O_CLOEXEC 02000000
#define CLOCK_REALTIME 0
#define CLOCK_REALTIME_COARSE 5

static long ahead(void)
{
	char text[32] = "";
	const char *name = getenv("ZKLAB_CLOCK_FILE");
	int file = name ? open(name, O_CLOEXEC) : -1;

	if (file < 0)
		return 0;
	read(file, text, sizeof text - 1);
	close(file);
	return atol(text);
}

int clock_gettime(int clock, struct timespec *t)
{
	static int (*right)(int, struct timespec *);
	long ms;
	int failed;

	if (!right)
		right = dlsym(RTLD_NEXT, "clock_gettime");
	failed = right(clock, t);
	if (failed || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return failed;
	ms = ahead();
	t->sec += ms / 1000;
	t->nsec += ms % 1000 * 1000000;
	if (t->nsec < 0)
		t->sec--, t->nsec += 1000000000;
	else if (t->nsec >= 1000000000)
		t->sec++, t->nsec -= 1000000000;
	return 0;
}

int gettimeofday(struct timeval *t, void *zone)
{
	struct timespec now;
	int failed = clock_gettime(CLOCK_REALTIME, &now);

	t->sec = now.sec;
	t->usec = now.nsec / 1000;
	return failed;
}

long time(long *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.sec;
	return now.sec;
}
