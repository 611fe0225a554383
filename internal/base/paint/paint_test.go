package paint

import (
	"bytes"
	"os"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/internal/testkit/must"
)

func TestFor(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal can be made: ", err)
	}
	defer terminal.Close()
	file := must.Get(os.Create(t.TempDir() + "/file"))(t)
	defer file.Close()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	if !For(terminal) {
		t.Error("no colours on a terminal")
	}
	if For(file) || For(&bytes.Buffer{}) {
		t.Error("colours in a file, or in memory")
	}
	t.Setenv("TERM", "dumb")
	if For(terminal) {
		t.Error("colours on a dumb terminal")
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "0") // any value counts
	if For(terminal) {
		t.Error("colours that the user refused")
	}
	if !Terminal(terminal) {
		t.Error("a terminal without colours is none")
	}
}

func TestPaint(t *testing.T) {
	red := ansi.Style{}.ForegroundColor(ansi.Red)
	for _, c := range []struct {
		painter Painter
		style   ansi.Style
		want    string
	}{
		{true, red.Bold(), "\x1b[31;1mtext\x1b[m"},
		{true, nil, "text"},
		{false, red, "text"},
	} {
		if got := c.painter.Paint(c.style, "text"); got != c.want {
			t.Errorf("%v, %v: %q, want %q", c.painter, c.style, got, c.want)
		}
	}
}
