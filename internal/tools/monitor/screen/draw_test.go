package screen

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/tools/monitor"
	"github.com/zklab/zklab/internal/zk/wire"
)

// nasty lists names and values that would do harm, or take more or fewer cells than they have
// characters.
var nasty = []string{
	"", " ", "a b", "\x1b[2J\x1b[31m", "\x1b]0;title\x07", "\u202eright to left", "\x9b31m", "\xff\xfe", "日本語", "日本語日本語日本語日本語日本語",
	"e\u0301", "\u0301first", strings.Repeat("\u0301", 40), "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "\ufe0f", "\u200b", "\u200d", "\t", "\n", "\r\n",
	"ｆｕｌｌ", "한글", "\u1100\u1161", "नमस्ते", strings.Repeat("long", 200), "\x00", "\x7f", "…", "\u00ad", "\U000e0001", "ﷺ", "\u2028", "→",
}

func genText(t *rapid.T, name string) string {
	return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(nasty), rapid.StringN(0, 12, -1)), 0, 4).Draw(t, name), "")
}

func genTime(t *rapid.T, name string) time.Time {
	return rapid.SampledFrom([]time.Time{{}, epoch, epoch.Add(-2 * time.Second), epoch.Add(-48 * time.Hour), epoch.Add(time.Minute)}).Draw(t, name)
}

func genNumber(t *rapid.T, name string) int64 {
	return rapid.SampledFrom([]int64{-1, 0, 1, 17, 12345, 1 << 20, 1<<31 - 1, -1 << 63, 1<<63 - 1, 0x1000000a1}).Draw(t, name)
}

func genView(t *rapid.T) monitor.View {
	v := monitor.View{
		Conn: monitor.Conn{
			Connected: rapid.Bool().Draw(t, "connected"), Server: genText(t, "server"), Session: genNumber(t, "session"), Since: genTime(t, "since"),
			Problem: genText(t, "problem"), ReadOnly: rapid.Bool().Draw(t, "read-only"), Comparing: int(int32(genNumber(t, "comparing"))),
		},
		How: genText(t, "how"), Total: rapid.IntRange(0, 20000).Draw(t, "total"), StatusAt: genTime(t, "status at"),
		Counts: monitor.Counts{Znodes: int(genNumber(t, "znodes")), LastSecond: 1234},
	}
	kinds := []monitor.Kind{"", monitor.Created, monitor.Changed, monitor.Deleted, monitor.Connected, monitor.Disconnected, monitor.Expired, monitor.Compared, monitor.Missed, "other"}
	kind := func() monitor.Kind { return rapid.SampledFrom(kinds).Draw(t, "kind") }
	for i := range rapid.IntRange(0, 60).Draw(t, "rows") {
		name := genText(t, "name")
		v.Rows = append(v.Rows, monitor.Row{
			Path: fmt.Sprint("/", i, name), Name: name, Depth: rapid.SampledFrom([]int{0, 1, 2, 5, 200}).Draw(t, "depth"), Children: int32(genNumber(t, "children")),
			Open: rapid.Bool().Draw(t, "open"), Loading: rapid.Bool().Draw(t, "loading"), Owner: genNumber(t, "owner"), Bytes: int32(genNumber(t, "bytes")),
			Mark: kind(), At: genTime(t, "at"), Below: genTime(t, "below"), Note: genText(t, "note"), Problem: genText(t, "problem"),
		})
	}
	for range rapid.IntRange(0, 20).Draw(t, "changes") {
		v.Log = append(v.Log, monitor.Change{
			Time: genTime(t, "time"), Zxid: genNumber(t, "zxid"), Kind: kind(), Path: genText(t, "path"), Owner: genNumber(t, "owner"), Version: int32(genNumber(t, "version")),
			Bytes: int32(genNumber(t, "bytes")), Found: rapid.Bool().Draw(t, "found"), Number: 7, Server: genText(t, "server"), Reason: genText(t, "reason"),
		})
	}
	for range rapid.IntRange(0, 9).Draw(t, "servers") {
		n := genNumber(t, "number")
		v.Status.Servers = append(v.Status.Servers, status.Server{
			Addr: genText(t, "addr"), State: rapid.SampledFrom([]status.State{status.Serving, status.ReadOnly, status.NotServing, status.NoAnswer}).Draw(t, "state"),
			Role: rapid.SampledFrom([]ensemble.Role{ensemble.Leader, ensemble.Follower, ensemble.Observer, ensemble.Standalone, ""}).Draw(t, "role"),
			Zxid: history.ID(genNumber(t, "zxid")), Connections: int(n), Latency: [3]float64{0, 12.3456, 1e9}, Behind: &n, Error: genText(t, "error"), Version: genText(t, "version"),
		})
	}
	v.Status.Notes = rapid.SliceOfN(rapid.SampledFrom(nasty), 0, 3).Draw(t, "notes")
	for range rapid.IntRange(0, 9).Draw(t, "sessions") {
		v.Sessions = append(v.Sessions, monitor.SessionInfo{ID: genNumber(t, "id"), Client: genText(t, "client"), Server: genText(t, "server"), Own: rapid.Bool().Draw(t, "own")})
	}
	if rapid.Bool().Draw(t, "meaning") {
		v.Meaning = &monitor.Meaning{Recipe: genText(t, "recipe"), Summary: genText(t, "summary")}
	}
	if rapid.Bool().Draw(t, "chosen") {
		v.Chosen = &monitor.Node{
			Path: "/x", Loading: rapid.Bool().Draw(t, "loading"), Gone: rapid.Bool().Draw(t, "gone"), Data: []byte(genText(t, "data")),
			Stat: wire.Stat{EphemeralOwner: genNumber(t, "owner"), Ctime: 1, Czxid: genNumber(t, "czxid"), NumChildren: int32(genNumber(t, "children"))},
			ACL:  []wire.ACL{{ID: wire.ID{Scheme: genText(t, "scheme"), ID: genText(t, "id")}}},
		}
		if rapid.Bool().Draw(t, "error") {
			v.Chosen.Err = errors.New(genText(t, "error"))
		}
	}
	return v
}

func genState(t *rapid.T, v *monitor.View) *state {
	s := &state{
		now: epoch, focus: pane(rapid.IntRange(0, 2).Draw(t, "focus")), showLog: rapid.Bool().Draw(t, "log"), servers: rapid.Bool().Draw(t, "servers shown"),
		help: rapid.Bool().Draw(t, "help"), paused: rapid.Bool().Draw(t, "paused"), filter: genText(t, "filter"), typing: rapid.Bool().Draw(t, "typing"),
		chosen: rapid.SampledFrom([]string{"", "/x", "/0", "/\x1b[2J日本"}).Draw(t, "chosen path"), root: "/",
		detail: scroll{top: rapid.IntRange(0, 99).Draw(t, "top")}, logBack: rapid.IntRange(0, 99).Draw(t, "back"),
		colours: rapid.SampledFrom([]*palette{nil, &mono, &basic, &onDark, &onLight}).Draw(t, "palette"),
	}
	if len(v.Rows) > 0 && rapid.Bool().Draw(t, "a row is chosen") {
		s.chosen = v.Rows[0].Path
	}
	return s
}

// TestEveryLineHasTheWidth: whatever there is to draw, and however small the screen, each line has
// exactly the screen's width, and nothing in it does more to a terminal than set colours.
func TestEveryLineHasTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := genView(t)
		s := genState(t, &v)
		w := rapid.OneOf(rapid.IntRange(1, 40), rapid.SampledFrom([]int{80, 119, 120, 200})).Draw(t, "width")
		h := rapid.OneOf(rapid.IntRange(1, 14), rapid.SampledFrom([]int{24, 50})).Draw(t, "height")
		checkScreen(t, draw(&v, s, w, h), w, h)
	})
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func checkScreen(t fataler, screen string, w, h int) {
	t.Helper()
	lines := strings.Split(screen, "\n")
	if len(lines) != h {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), h, ansi.Strip(screen))
	}
	for i, l := range lines {
		text := onlyColours(l)
		if ansi.GraphemeWidth.StringWidth(text) != w || ansi.WcWidth.StringWidth(text) != w {
			t.Fatalf("line %d is %d and %d wide, want %d: %q", i, ansi.GraphemeWidth.StringWidth(text), ansi.WcWidth.StringWidth(text), w, l)
		}
		for _, r := range text {
			if r != ' ' && !unicode.IsPrint(r) {
				t.Fatalf("line %d has %q: %q", i, r, l)
			}
		}
	}
}

// onlyColours removes the sequences that set colours and attributes from a line, and leaves all others
// in it.
func onlyColours(l string) string {
	var b strings.Builder
	for l != "" {
		if rest, ok := strings.CutPrefix(l, "\x1b["); ok {
			if i := strings.IndexFunc(rest, func(r rune) bool { return r != ';' && r != ':' && (r < '0' || r > '9') }); i >= 0 && rest[i] == 'm' {
				l = rest[i+1:]
				continue
			}
		}
		b.WriteByte(l[0])
		l = l[1:]
	}
	return b.String()
}

func BenchmarkDraw(b *testing.B) {
	f := newFake()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		n := f.put(fmt.Sprintf("/n%04d", i), make([]byte, rng.IntN(4000)))
		n.mark, n.at, n.owner = monitor.Changed, epoch, 0x100000000
	}
	m := newModel(f, "/", func() time.Time { return epoch })
	m.width, m.height, m.colours = 200, 50, &onDark
	m.frame(epoch)
	for b.Loop() {
		draw(&m.view, &m.state, 200, 50)
	}
}
