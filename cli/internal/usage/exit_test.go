package usage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/zklab/zklab/internal/lab/workers"
)

func TestExitCodes(t *testing.T) {
	for name, tt := range map[string]struct {
		err   error
		usage bool
		code  int
		says  string
	}{
		"nothing":             {nil, false, 0, ""},
		"verdict":             {fmt.Errorf("wrapped: %w", VerdictError{Code: 2}), false, 2, ""},
		"arguments":           {errors.New("unknown flag"), true, 64, "error: unknown flag\n"},
		"usage":               {Errorf("--clients %d", 0), false, 64, "error: --clients 0\n"},
		"a panic in a worker": {fmt.Errorf("seed 1: %w", workers.ErrDied), false, 70, "error: seed 1: the process that ran it ended\n"},
		"failure":             {errors.New("no engine"), false, 3, "error: no engine\n"},
		"several failures":    {errors.Join(errors.New("one"), errors.New("two")), false, 3, "error: one; two\n"},
		"stopped":             {fmt.Errorf("interrupted: %w", context.Canceled), false, 130, "error: interrupted\n"},
		"interrupted twice":   {fmt.Errorf("%w", context.Canceled), false, 130, "error: interrupted\n"},
		"nobody reads":        {fmt.Errorf("print: %w", &fs.PathError{Op: "write", Path: os.Stdout.Name(), Err: syscall.EPIPE}), false, 3, ""},
		"a pipe elsewhere":    {&fs.PathError{Op: "write", Path: "fifo", Err: syscall.EPIPE}, false, 3, "error: write fifo: broken pipe\n"},
	} {
		var said bytes.Buffer
		if code := Finish(tt.err, tt.usage, strings.Clone, &said); code != tt.code || said.String() != tt.says {
			t.Errorf("%s: %d, %q", name, code, said.String())
		}
	}
}
