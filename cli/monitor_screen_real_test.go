//go:build real

package cli

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/tmuxtest"
)

// On a terminal the monitor shows a screen, which q ends; with flags for lines, it prints lines there
// as well.
func TestRealMonitorOnAScreen(t *testing.T) {
	t.Parallel()
	d := furnished(t)
	starts := func(flag string) *tmuxtest.Terminal {
		return tmuxtest.Start(t, tmuxtest.Config{Width: 200}, "sh", "-c", `trap : INT; zklab monitor "$0" `+flag+`; echo "ended with $?"`, strings.Join(d.e.Addrs(), ","))
	}
	screen := starts("")
	screen.Until(`zklab monitor .*● 127`)
	screen.Until(`zookeeper`)
	d.writes("/harbour", "")
	screen.Until(`^.?\+ .*harbour`)
	screen.Type("q")
	screen.Until(`^ended with 0$`)

	lines := starts("--log")
	lines.Until(`"kind":"connected"`)
	d.writes("/crane", "")
	lines.Until(`"kind":"created".*"path":"/crane"`)
	lines.Keys("C-c")
	lines.Until(`ended with 0$`)
}
