package fourletter

import (
	"fmt"
	"os"
	"os/user"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
)

// envi answers on a server that does not serve, too: it is about the process.
func envi(s Server) string {
	var b strings.Builder
	b.WriteString("Environment:\n")
	line := func(key, value string) { fmt.Fprintf(&b, "%s=%s\n", key, value) }
	host, _ := os.Hostname()
	dir, _ := os.Getwd()
	who := user.User{Username: unknown, HomeDir: unknown}
	if u, err := user.Current(); err == nil {
		who = *u
	}
	line("zookeeper.version", s.version())
	line("host.name", host)
	for _, key := range []string{"version", "vendor", "home", "class.path", "library.path", "io.tmpdir", "compiler"} {
		line("java."+key, unknown)
	}
	line("go.version", runtime.Version())
	line("os.name", runtime.GOOS)
	line("os.arch", runtime.GOARCH)
	line("os.version", kernel())
	line("user.name", who.Username)
	line("user.home", who.HomeDir)
	line("user.dir", dir)
	free, total := memory()
	line("os.memory.free", megabytes(free))
	line("os.memory.max", megabytes(uint64(debug.SetMemoryLimit(-1))))
	line("os.memory.total", megabytes(total))
	return b.String()
}

// unknown is what Java prints for an unknown property.
const unknown = "<NA>"

// kernel returns the version of the system, where that tells it.
func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return unknown
	}
	return strings.TrimSpace(string(text))
}

// memory returns the memory that the runtime has from the system, and how much of it is free.
func memory() (free, total uint64) {
	s := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}

func megabytes(bytes uint64) string { return fmt.Sprintf("%dMB", bytes>>20) }

// openFiles counts the open files of this process, and how many it may open: -1 where the
// system does not tell.
func openFiles() (open, limit int64) {
	return countFiles("/proc/self/fd"), readLimit("/proc/self/limits")
}

func countFiles(dir string) int64 {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return -1
	}
	return int64(len(entries))
}

func readLimit(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return -1
	}
	var soft int64
	_, rest, _ := strings.Cut(string(text), "Max open files")
	if _, err := fmt.Sscan(rest, &soft); err != nil {
		return -1
	}
	return soft
}
