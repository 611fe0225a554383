package program

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// flags lists the flags that all programs have.
type flags struct {
	servers string
	path    string
	session time.Duration
	name    string
}

func newFlags(path string) *flags {
	f := new(flags)
	flag.StringVar(&f.servers, "servers", "127.0.0.1:2181", "servers to connect to, `host:port,...`")
	flag.StringVar(&f.path, "path", path, "znode under which everything is kept, the same for all processes")
	flag.DurationVar(&f.session, "session", 4*time.Second,
		"timeout of the session: others take over so long after a crash;\nif the servers allow less than this, give what they allow")
	flag.StringVar(&f.name, "name", fmt.Sprint("p", os.Getpid()), "name of this process in what is printed")
	return f
}

// parse reads flags before, between and after the other arguments, which it returns.
func parse(fs *flag.FlagSet, usage string, args []string) (rest []string, err error) {
	fs.Init(filepath.Base(os.Args[0]), flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	for {
		switch err := fs.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			fs.SetOutput(os.Stdout)
			fmt.Printf("usage: %s %s\n", fs.Name(), usage)
			fs.PrintDefaults()
			return nil, err
		case err != nil:
			return nil, Usage("%v (%s -h lists the flags)", err, fs.Name())
		case fs.NArg() == 0:
			return rest, nil
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}

// check returns the servers, or an error if one of them is not host:port.
func (f *flags) check() (servers []string, err error) {
	servers = strings.Split(f.servers, ",")
	for _, s := range servers {
		if host, port, err := net.SplitHostPort(s); err != nil || host == "" || port == "" {
			return nil, Usage("-servers: %q is not host:port, such as 127.0.0.1:2181", s)
		}
	}
	switch {
	case f.session <= 0:
		return nil, Usage("-session must be more than 0, such as 4s")
	case !strings.HasPrefix(f.path, "/") || strings.HasSuffix(f.path, "/"):
		return nil, Usage("-path: %q is not the path of a znode, such as /app", f.path)
	case f.name == "":
		return nil, Usage("-name must not be empty")
	}
	return servers, nil
}

// usageError means that the arguments of the program are wrong.
type usageError string

func (e usageError) Error() string { return string(e) }

// Usage returns the error for wrong arguments of the program.
func Usage(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

var errInterrupted = errors.New("interrupted before all was done")

// exit prints an error as one line, and returns the exit code.
func exit(err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "error:", oneLine(err.Error()))
	var usage usageError
	switch {
	case errors.As(err, &usage):
		return 2
	case errors.Is(err, errInterrupted):
		return 130
	}
	return 1
}

// oneLine joins the lines of errors that were joined.
func oneLine(text string) string { return strings.Join(strings.Split(text, "\n"), "; ") }
