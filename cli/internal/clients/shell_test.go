package clients

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Ctrl-C in an editor also reaches the shell, and ends nothing, however often it is pressed.
func TestEditorHasCtrlCForItself(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	t.Setenv("VISUAL", "kill -INT $PPID; kill -INT $PPID; printf edited >")
	if err := openEditor(t.Context(), file); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(file); string(text) != "edited" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// Ctrl-C at once ends a command that waits for input.
func TestStandardInputIsInterrupted(t *testing.T) {
	in, typing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	read := make(chan error)
	go func() {
		_, err := io.ReadAll(&interruptedReader{ctx: ctx, from: in})
		read <- err
	}()
	io.WriteString(typing, "a line\n")
	interrupt()
	if err := <-read; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	typing.Close() // ends the reader that was left behind
	if b, err := io.ReadAll(&interruptedReader{ctx: t.Context(), from: strings.NewReader("all of it")}); err != nil || string(b) != "all of it" {
		t.Errorf("%q, %v", b, err)
	}
}
