//go:build real

package screen

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"image/color"
	"io"
	"os"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// background describes the background of a picture, its file and its colours.
type background struct{ file, colour, text, green string }

// These are the pictures of the README, for dark and light pages. Make them again with
//
//	go test ./internal/tools/monitor/screen -tags real -run TestRealPicture -update
var backgrounds = []background{
	{"../../../../docs/pictures/monitor-dark.svg", "#101418", "#d8dee9", "#87d787"},
	{"../../../../docs/pictures/monitor-light.svg", "#ffffff", "#24292f", "#00875f"},
}

// TestRealPicture draws the screen of a terminal with an ensemble as SVG.
func TestRealPicture(t *testing.T) {
	for _, bg := range backgrounds {
		t.Run(bg.colour, func(t *testing.T) {
			svg := bg.toSVG(scene(t, bg.colour), pictureWidth, pictureHeight)
			wellFormed(t, svg)
			if *update {
				must.Do(t, os.WriteFile(bg.file, []byte(svg), 0o644))
			}
			for _, want := range []string{"zklab monitor", "crane", "replicas", bg.green} {
				if !strings.Contains(svg, want) {
					t.Errorf("%s is not in the picture", want)
				}
			}
		})
	}
}

// Size of the screen, in cells.
const pictureWidth, pictureHeight = 150, 32

// scene returns a screen on which something happens, with its colours.
func scene(t *testing.T, background string) string {
	t.Helper()
	s := serve(t)
	s.harbour()
	m := s.monitored(pictureWidth, pictureHeight, background)
	m.shows("▸", "app")
	m.shows("★ 127.0.0.1:")
	m.Keys("Down", "Enter")
	m.shows("config")
	m.Keys("Down", "Down", "Enter") // locks
	m.shows("crane")
	m.Keys("Down", "Enter")
	m.shows("lock-0000000000")
	m.Keys("Up", "Up") // to the configuration
	m.shows(`"replicas": 3`)
	s.works(m)
	return m.Coloured()
}

// harbour creates the initial znodes.
func (s *served) harbour() {
	s.Helper()
	for _, path := range []string{"/app", "/app/locks", "/app/locks/crane", "/app/members", "/app/queue"} {
		s.create(path, "", wire.Persistent)
	}
	s.create("/app/config", `{"name":"harbour","replicas":3,"hosts":["ship-1","ship-2","ship-3"],"limits":{"cpu":2,"memory":"1Gi"}}`, wire.Persistent)
	s.create("/app/locks/crane/lock-", "ship-1", wire.EphemeralSequential)
	s.create("/app/locks/crane/lock-", "ship-2", wire.EphemeralSequential)
	for range 3 {
		s.create("/app/queue/item-", "crate", wire.PersistentSequential)
	}
}

// works makes the changes that the screen shows as recent.
func (s *served) works(m terminal) {
	s.Helper()
	other, err := client.Connect(s.Context(), client.Config{Servers: s.e.Addrs()})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { other.Close() })
	steps := []func() error{
		func() error {
			_, _, err := other.Create(s.Context(), "/app/members/ship-3", []byte("10.0.0.3"), nil, wire.Ephemeral, 0)
			return err
		},
		func() error { return s.c.Delete(s.Context(), "/app/locks/crane/lock-0000000000", -1) },
		func() error {
			_, _, err := other.Create(s.Context(), "/app/locks/crane/lock-", []byte("ship-3"), nil, wire.EphemeralSequential, 0)
			return err
		},
		func() error {
			_, err := s.c.Set(s.Context(), "/app/queue/item-0000000000", []byte("crate, opened"), -1)
			return err
		},
		func() error {
			_, err := s.c.Set(s.Context(), "/app/config", []byte(`{"name":"harbour","replicas":5,"hosts":["ship-1","ship-2","ship-3"],"limits":{"cpu":2,"memory":"1Gi"}}`), -1)
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			s.Fatal(err)
		}
	}
	m.shows(`"replicas": 5`)
	m.shows("+", "lock-0000000002")
	m.shows("-", "lock-0000000000", "6 B")
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// Sizes of a picture, in pixels.
const (
	cellWidth, cellHeight = 8.43, 18.0
	fontSize              = 14.0
	margin                = 14.0
)

// toSVG draws a screen whose colours and attributes are given as terminal sequences.
func (bg background) toSVG(screen string, width, height int) string {
	var b strings.Builder
	w, h := float64(width)*cellWidth+2*margin, float64(height)*cellHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="%v">`+"\n", w, h, w, h, fontSize)
	b.WriteString("<title>zklab monitor</title>\n<style>text{white-space:pre}</style>\n")
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" rx="10" fill="%s"/>`+"\n", w, h, bg.colour)
	drawn := uv.NewScreenBuffer(width, height)
	uv.NewStyledString(strings.TrimSuffix(screen, "\n")).Draw(drawn, drawn.Bounds())
	for y, l := range drawn.Lines {
		for x := 0; x < len(l); {
			n := run(l[x:])
			bg.drawRun(&b, l[x:x+n], x, y)
			x += n
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// run returns how many cells from the first on have its style.
func run(cells []uv.Cell) int {
	for i := range cells {
		if !cells[i].Style.Equal(&cells[0].Style) {
			return i
		}
	}
	return len(cells)
}

func (bg background) drawRun(b *strings.Builder, cells []uv.Cell, x, y int) {
	var text strings.Builder
	for _, c := range cells {
		text.WriteString(c.Content)
	}
	style := cells[0].Style
	ink, paper := hexColour(style.Fg, bg.text), hexColour(style.Bg, "")
	if style.Attrs&uv.AttrReverse != 0 {
		ink, paper = bg.colour, ink
	}
	left, top, wide := margin+float64(x)*cellWidth, margin+float64(y)*cellHeight, float64(len(cells))*cellWidth
	if paper != "" {
		fmt.Fprintf(b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%v" fill="%s"/>`+"\n", left, top, wide, cellHeight, paper)
	}
	content := strings.TrimRight(text.String(), " ")
	if content == "" {
		return
	}
	extra := ""
	if style.Attrs&uv.AttrBold != 0 {
		extra += ` font-weight="bold"`
	}
	if style.Attrs&uv.AttrStrikethrough != 0 {
		extra += ` text-decoration="line-through"`
	}
	if style.Attrs&uv.AttrFaint != 0 {
		extra += ` opacity="0.6"`
	}
	fmt.Fprintf(b, `<text x="%.2f" y="%.2f" fill="%s" textLength="%.2f" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
		left, top+cellHeight*0.76, ink, float64(ansi.StringWidth(content))*cellWidth, extra, html.EscapeString(content))
}

func hexColour(c color.Color, usual string) string {
	if c == nil {
		return usual
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
