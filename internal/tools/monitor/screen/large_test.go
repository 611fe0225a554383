package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/tools/monitor"
	"github.com/zklab/zklab/internal/zk/wire"
)

// A value that is one line, as large as a znode may hold, is laid out at once: if a screen needed
// minutes for it, the screen and this test would hang.
func TestLargeLine(t *testing.T) {
	for unit, each := range map[string]int{"a": 58, "é": 58, "界": 29} {
		value := strings.Repeat(unit, 1_000_000/len(unit))
		lines := layOut([]byte(value), 58)
		if strings.Join(lines, "") != value {
			t.Errorf("%s: not all is there", unit)
		}
		for _, l := range lines[:len(lines)-1] {
			if l != strings.Repeat(unit, each) {
				t.Fatalf("%s: %q", unit, l)
			}
		}
	}
}

// A large value is laid out again when it has changed, but not at each drawing.
func TestLargeValueChanges(t *testing.T) {
	s := &state{now: time.Now()}
	lines := func(text string, mzxid int64) string {
		n := &monitor.Node{Path: "/a", Data: []byte(strings.Repeat(text, large)), Stat: wire.Stat{Mzxid: mzxid}}
		return s.valueOf(n, 80)[0][:1]
	}
	if got := lines("a", 1) + lines("b", 2); got != "aa" {
		t.Error(got)
	}
	s.now = s.now.Add(layOutLarge)
	if got := lines("b", 2) + lines("b", 2); got != "bb" {
		t.Error(got)
	}
}

// BenchmarkLargeValue measures the cost of drawing a screen with a value of 1 MB, unchanged and
// changed.
func BenchmarkLargeValue(b *testing.B) {
	for name, unit := range map[string]string{"ascii": "a", "accents": "é", "wide": "界", "joined": "👩‍🚀", "binary": "\x00\xff"} {
		v := monitor.View{Conn: monitor.Conn{Connected: true}, Chosen: &monitor.Node{Path: "/a", Data: []byte(strings.Repeat(unit, 1_000_000/len(unit)))}}
		s := &state{chosen: "/a"}
		b.Run(name+"/again", func(b *testing.B) {
			draw(&v, s, 200, 50)
			for b.Loop() {
				draw(&v, s, 200, 50)
			}
		})
		b.Run(name+"/changed", func(b *testing.B) {
			for b.Loop() {
				s.value = nil
				draw(&v, s, 200, 50)
			}
		})
	}
}
