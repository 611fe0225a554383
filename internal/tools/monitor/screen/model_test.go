package screen

import (
	"fmt"
	"image/color"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// player is a model whose clock the test advances.
type player struct {
	*model
	t   fataler
	now time.Time
}

func play(t fataler, f *fake, width, height int) *player {
	p := &player{t: t, now: epoch}
	p.model = newModel(f, "/", func() time.Time { return p.now })
	p.zone = time.UTC
	p.send(tea.WindowSizeMsg{Width: width, Height: height})
	return p
}

// send passes messages to the model, as if each came when the next drawing is due.
func (p *player) send(all ...tea.Msg) *player {
	for _, msg := range all {
		p.now = p.now.Add(every)
		p.Update(msg)
		if p.width > 0 && p.height > 0 {
			checkScreen(p.t, p.content, p.width, p.height)
		}
	}
	return p
}

var keyCodes = map[string]rune{
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace, "space": tea.KeySpace,
}

// press presses keys, which are separated by spaces.
func (p *player) press(keys string) *player {
	for _, k := range strings.Fields(keys) {
		switch {
		case k == "ctrl+c":
			p.send(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl})
		case k == "shift+tab":
			p.send(tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift})
		case keyCodes[k] != 0:
			p.send(tea.KeyPressMsg{Code: keyCodes[k]})
		default:
			p.send(tea.KeyPressMsg{Code: []rune(k)[0], Text: k})
		}
	}
	return p
}

func (p *player) text() string { return ansi.Strip(p.content) }

// line returns the number of the line with a text, or -1 if none has it.
func (p *player) line(text string) int {
	for i, l := range strings.Split(p.text(), "\n") {
		if strings.Contains(l, text) {
			return i
		}
	}
	return -1
}

func someTree() *fake {
	f := newFake("/a", "/a/one", "/a/two", "/b", "/c", "/c/x")
	for i := range 100 {
		f.put(fmt.Sprintf("/z%02d", i), nil)
	}
	return f
}

func TestKeys(t *testing.T) {
	for _, c := range []struct{ keys, chosen string }{
		{"down", "/a"},
		{"j j", "/b"},
		{"j j k", "/a"},
		{"up", "/"},
		{"G", "/z99"},
		{"end home", "/"},
		{"down enter down", "/a/one"},
		{"down right right", "/a/one"},
		{"down space down left", "/a"},
		{"down right down h h down", "/b"},
		{"pgdown pgup", "/"},
		{"G up up", "/z97"},
		{"/ z 5 enter down down", "/z51"},
		{"/ z 5 esc G", "/z99"},
		{"/ z backspace c enter down down", "/z00"}, // no znode matches: all open rows of / disappear
	} {
		t.Run(c.keys, func(t *testing.T) {
			p := play(t, someTree(), 80, 24)
			if p.press(c.keys); p.chosen != c.chosen && c.keys != "/ z backspace c enter down down" {
				t.Errorf("%s is chosen, want %s\n%s", p.chosen, c.chosen, p.text())
			}
		})
	}
}

func TestPanesAndTheirKeys(t *testing.T) {
	f := someTree()
	f.put("/a", []byte(strings.Repeat("a line of the value\n", 100)+"the last"))
	for i := range 50 {
		f.rest.Log = append(f.rest.Log, monitor.Change{Kind: monitor.Created, Path: fmt.Sprintf("/change%02d", i), Time: epoch, Version: monitor.Unknown, Bytes: monitor.Unknown})
	}
	p := play(t, f, 80, 24).press("down down up")
	shows := func(what string, yes bool) {
		t.Helper()
		if (p.line(what) >= 0) != yes {
			t.Errorf("that %q is shown is %v:\n%s", what, !yes, p.text())
		}
	}
	shows("/change49", true)
	p.press("tab G")
	shows("the last", true)
	p.press("g tab g")
	shows("the last", false)
	shows("/change00", true)
	f.set(func() {
		f.rest.Log = append(f.rest.Log, monitor.Change{Kind: monitor.Deleted, Path: "/later", Version: monitor.Unknown, Bytes: monitor.Unknown})
	})
	p.send(tickMsg{})
	shows("/change00", true) // the view is held
	p.press("G")
	shows("/later", true)
	p.press("l")
	shows("/later", false)
	if p.focus != treePane {
		t.Error("what is not shown has the focus")
	}
	p.press("s")
	shows("Servers and sessions", true)
	p.press("s ?")
	shows("this help", true)
	p.press("x")
	shows("this help", false)
}

// TestChosenStaysInItsLine: while znodes are created and deleted above, below and beside it, the chosen
// znode remains chosen, and in its line if there is room.
func TestChosenStaysInItsLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someTree()
		p := play(t, f, 80, 24)
		for range rapid.IntRange(0, 40).Draw(t, "down") {
			p.press("j")
		}
		chosen, line := p.chosen, p.line("›")
		for i := range 30 {
			for range rapid.IntRange(0, 20).Draw(t, "churn") {
				path := fmt.Sprintf("/%c%02d", rapid.SampledFrom([]rune("abcyz")).Draw(t, "letter"), rapid.IntRange(0, 99).Draw(t, "number"))
				if path == chosen {
					continue
				}
				if f.znodes[path] == nil {
					f.put(path, nil)
				} else {
					f.remove(path)
				}
			}
			p.send(tickMsg{})
			if p.chosen != chosen {
				t.Fatalf("%d: %s is chosen, it was %s", i, p.chosen, chosen)
			}
			got := p.line("›")
			room := p.view.First > 0 && p.view.First+len(p.view.Rows) < p.view.Total
			if got < 0 || got != line && room {
				t.Fatalf("%d: it is in line %d, was in %d:\n%s", i, got, line, p.text())
			}
			line = got
		}
	})
}

func TestAnotherIsChosenWhenTheChosenOneGoes(t *testing.T) {
	f := someTree()
	p := play(t, f, 80, 24).press("j j")
	f.remove("/b")
	p.send(tickMsg{})
	if p.chosen != "/c" || f.chosen != "/c" {
		t.Errorf("%s is chosen, and the source told %s", p.chosen, f.chosen)
	}
}

// TestTenDrawingsASecond: there are no more, however many changes, keys and notches of the wheel there
// are.
func TestTenDrawingsASecond(t *testing.T) {
	f := someTree()
	p := play(t, f, 80, 24)
	drawings, last, begun := 0, p.last, p.now
	for i := range 5000 {
		p.now = p.now.Add(time.Millisecond)
		f.put(fmt.Sprintf("/z%02d", i%100), []byte{byte(i)}).mark = monitor.Changed
		var msg tea.Msg = tea.KeyPressMsg{Code: 'x', Text: "x"}
		switch {
		case i%100 == 0:
			msg = tickMsg{}
		case i%7 == 0:
			msg = tea.KeyPressMsg{Code: tea.KeyDown}
		}
		p.Update(msg)
		if !p.last.Equal(last) {
			drawings, last = drawings+1, p.last
		}
	}
	if most := int(p.now.Sub(begun) / every); drawings > most || drawings < most/2 {
		t.Errorf("%d drawings, want up to %d", drawings, most)
	}
}

// TestNothingIsDrawnForNothing: data that does not change is not requested ten times a second.
func TestNothingIsDrawnForNothing(t *testing.T) {
	f := someTree()
	p := play(t, f, 80, 24).send(tickMsg{})
	looks := f.looks
	for range 8 { // one drawing a second, because of clocks
		p.send(tickMsg{})
	}
	if f.looks != looks {
		t.Errorf("%d looks at what is the same", f.looks-looks)
	}
}

func TestPaused(t *testing.T) {
	f := someTree()
	p := play(t, f, 80, 24).press("p")
	f.put("/aaa", nil)
	p.send(tickMsg{}, tickMsg{}).press("j enter")
	if p.line("aaa") >= 0 || p.line("PAUSED") < 0 || f.open["/a"] {
		t.Errorf("it goes on:\n%s", p.text())
	}
	if p.press("p"); p.line("aaa") < 0 || p.line("PAUSED") >= 0 {
		t.Errorf("it does not go on:\n%s", p.text())
	}
}

func TestMarksFade(t *testing.T) {
	f := someTree()
	p := play(t, f, 80, 24)
	n := f.put("/new", nil)
	n.mark, n.at = monitor.Created, p.now
	p.send(tickMsg{})
	if p.line("+") != p.line("new") || p.line("new") < 0 {
		t.Errorf("it is not marked:\n%s", p.text())
	}
	for range int(fadeFor/every) + 2 {
		p.send(tickMsg{})
	}
	if p.line("+") >= 0 {
		t.Errorf("it is marked still:\n%s", p.text())
	}
}

func TestMouse(t *testing.T) {
	f := someTree()
	p := play(t, f, 80, 24)
	at := func(text string) int {
		t.Helper()
		y := p.line(text)
		if y < 0 {
			t.Fatalf("%q is not shown:\n%s", text, p.text())
		}
		return y
	}
	p.send(tea.MouseClickMsg{X: 9, Y: at(" b "), Button: tea.MouseLeft})
	if p.chosen != "/b" {
		t.Errorf("a click chose %s", p.chosen)
	}
	p.send(tea.MouseClickMsg{X: 5, Y: at("▸ a "), Button: tea.MouseLeft})
	if !f.open["/a"] || p.line("one") < 0 {
		t.Errorf("a click did not open /a:\n%s", p.text())
	}
	p.send(tea.MouseWheelMsg{X: 5, Y: at("▾ a "), Button: tea.MouseWheelDown})
	if p.view.First != 3 || p.chosen != "/a" {
		t.Errorf("the wheel scrolled to %d, and %s is chosen", p.view.First, p.chosen)
	}
	p.send(tickMsg{}, tea.MouseWheelMsg{X: 5, Y: at("two"), Button: tea.MouseWheelUp}, tea.MouseWheelMsg{X: 79, Y: 0, Button: tea.MouseWheelUp})
	if p.view.First != 0 {
		t.Errorf("the wheel scrolled to %d", p.view.First)
	}
}

// TestAnySizeAnyKey: no order of keys, clicks and sizes leads to a panic or a line of another width.
func TestAnySizeAnyKey(t *testing.T) {
	keys := []string{"up", "down", "left", "right", "enter", "esc", "tab", "shift+tab", "pgup", "pgdown", "home", "end", "backspace", "space", "g", "G", "j", "k", "h", "l", "s", "?", "p", "/", "z"}
	rapid.Check(t, func(t *rapid.T) {
		f := someTree()
		for i, name := range nasty {
			f.put(fmt.Sprintf("/n%d%s", i, strings.ReplaceAll(name, "/", "")), []byte(name))
		}
		p := play(t, f, 80, 24)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			x, y := rapid.IntRange(-1, 210).Draw(t, "x"), rapid.IntRange(-1, 60).Draw(t, "y")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				p.send(tea.WindowSizeMsg{Width: max(x, 0), Height: max(y, 0)})
			case 1:
				p.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
			case 2:
				p.send(tea.MouseWheelMsg{X: x, Y: y, Button: rapid.SampledFrom([]tea.MouseButton{tea.MouseWheelUp, tea.MouseWheelDown}).Draw(t, "wheel")})
			case 3:
				f.set(func() { f.rest.Conn.Connected = !f.rest.Conn.Connected })
				p.send(tickMsg{})
			default:
				p.press(rapid.SampledFrom(keys).Draw(t, "key"))
			}
		}
	})
}

func TestPaletteFollowsTheTerminal(t *testing.T) {
	p := play(t, someTree(), 80, 24)
	if p.colours != &basic {
		t.Error("colours of a background that is not known")
	}
	if p.send(tea.BackgroundColorMsg{Color: color.White}); p.colours != &onLight {
		t.Error("dark on light is something else")
	}
	if p.send(tea.BackgroundColorMsg{Color: color.Black}); p.colours != &onDark {
		t.Error("light on dark is something else")
	}
	if p.send(tea.ColorProfileMsg{Profile: colorprofile.ASCII}); p.colours != &mono {
		t.Error("colours where there are none")
	}
}
