package bubble

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/zklab/zklab/internal/base/prose"
)

// goroutine is a goroutine as the runtime prints it.
type goroutine struct {
	id     uint64
	bubble uint64 // 0: in none
	state  string // "sync.Mutex.Lock", "chan receive (durable)"
	frames []frame
	maker  frame  // the statement that started it
	parent uint64 // the goroutine that executed it
	mortal string // the number of the Mortal that it belongs to; "": none
}

// frame is a call: a function, and the line in it that is being executed.
type frame struct {
	function string // with the path of its package
	file     string
	line     int
}

// enter records the numbers of this bubble and of its main goroutine.
func (l *life) enter() {
	g := self()
	l.bubble.Store(g.bubble)
	l.main.Store(g.id)
}

// self returns the calling goroutine, without its stack.
func self() goroutine {
	text := make([]byte, 256)
	return parseGoroutine(string(text[:runtime.Stack(text, false)]))
}

// goroutinesIn returns the goroutines of a bubble by their numbers, except those of package testing.
func goroutinesIn(bubble uint64) []goroutine {
	text := make([]byte, 1<<20)
	for {
		n := runtime.Stack(text, true)
		if n < len(text) {
			text = text[:n]
			break
		}
		text = make([]byte, 2*len(text))
	}
	var all []goroutine
	for _, part := range strings.Split(string(text), "\n\n") {
		if g := parseGoroutine(part); g.bubble == bubble && g.state != "synctest.Run (durable)" {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b goroutine) int { return cmp.Compare(a.id, b.id) })
	return all
}

// parseGoroutine reads the text of one goroutine: a line with its state, two lines for each call, and
// two lines that say where the goroutine was created.
func parseGoroutine(text string) (g goroutine) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	head, state, ok := strings.Cut(strings.TrimPrefix(lines[0], "goroutine "), " [")
	if !ok {
		return g
	}
	head, _, _ = strings.Cut(head, " ")
	g.id, _ = strconv.ParseUint(head, 10, 64)
	state, _, _ = strings.Cut(state, "]")
	for i, part := range strings.Split(state, ", ") {
		if _, label, ok := strings.Cut(part, strconv.Quote(mortalLabel)+": "); ok {
			label, _, _ = strings.Cut(strings.TrimPrefix(label, `"`), `"`)
			g.mortal = label
		}
		if number, ok := strings.CutPrefix(part, "synctest bubble "); ok {
			number, _, _ = strings.Cut(number, " ") // labels follow
			g.bubble, _ = strconv.ParseUint(number, 10, 64)
		} else if i == 0 {
			g.state = part
		}
	}
	for i := 1; i+1 < len(lines); i++ {
		place, ok := strings.CutPrefix(lines[i+1], "\t")
		if !ok {
			continue // "...additional frames elided..."
		}
		f := frame{function: lines[i]}
		place, _, _ = strings.Cut(place, " +0x")
		if colon := strings.LastIndex(place, ":"); colon > 0 {
			f.file = place[:colon]
			f.line, _ = strconv.Atoi(place[colon+1:])
		}
		if made, ok := strings.CutPrefix(f.function, "created by "); ok {
			var by string
			f.function, by, _ = strings.Cut(made, " in goroutine ")
			g.parent, _ = strconv.ParseUint(by, 10, 64)
			g.maker = f
		} else {
			if arguments := strings.LastIndex(f.function, "("); arguments > 0 {
				f.function = f.function[:arguments]
			}
			g.frames = append(g.frames, f)
		}
		i++
	}
	return g
}

// busy reports whether the goroutine runs, or would run if it had a processor.
func (g *goroutine) busy() bool { return g.state == "running" || g.state == "runnable" }

// durable reports whether the goroutine waits for something in its bubble, including its time.
func (g *goroutine) durable() bool { return strings.HasSuffix(g.state, "(durable)") }

// locks reports whether the goroutine waits for a mutex.
func (g *goroutine) locks() bool {
	return strings.HasPrefix(g.state, "sync.Mutex.") || strings.HasPrefix(g.state, "sync.RWMutex.")
}

// busiest returns the goroutine that was busy most often, with the calls that it was in each time; nil
// if none was busy. always reports whether each sample has a busy goroutine.
func busiest(seen [][]goroutine) (most *goroutine, always bool) {
	times := map[uint64]int{}
	of := map[uint64]*goroutine{}
	always = true
	for _, all := range seen {
		any := false
		for _, g := range all {
			if !g.busy() {
				continue
			}
			any = true
			times[g.id]++
			if before := of[g.id]; before != nil {
				g.frames = inCommon(before.frames, g.frames)
			}
			of[g.id] = &g
			if most == nil || times[g.id] >= times[most.id] {
				most = of[g.id]
			}
		}
		always = always && any
	}
	return most, always
}

// inCommon returns the outermost calls of b that are in the same functions as those of a.
func inCommon(a, b []frame) []frame {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n].function == b[len(b)-1-n].function {
		n++
	}
	return b[len(b)-n:]
}

// waiting returns the goroutines that wait for mutexes, and those that wait for something outside of
// the bubble, if they waited in the same way in every sample.
func waiting(seen [][]goroutine) (locks, outside []goroutine) {
	for _, g := range seen[len(seen)-1] {
		same := func(all []goroutine) bool {
			return slices.ContainsFunc(all, func(o goroutine) bool { return o.id == g.id && o.state == g.state })
		}
		switch {
		case g.durable() || slices.ContainsFunc(seen, func(all []goroutine) bool { return !same(all) }):
		case g.locks():
			locks = append(locks, g)
		default:
			outside = append(outside, g)
		}
	}
	return locks, outside
}

// waits describes where the goroutine waits, and for what.
func (g *goroutine) waits() string {
	return g.place() + " waits (" + strings.TrimSuffix(g.state, " (durable)") + ")"
}

// waitsForMutex describes where g waits for a mutex, and which goroutines may hold it.
func (g *goroutine) waitsForMutex(all []goroutine) string {
	const most = 3
	var holders []string
	for _, o := range g.holders(all) {
		if text := o.waits(); len(holders) < most && !slices.Contains(holders, text) {
			holders = append(holders, text)
		}
	}
	if len(holders) == 0 {
		return g.waits()
	}
	return g.waits() + "; the holder is probably where " + prose.List(holders, "or")
}

// holders returns the goroutines that may hold the mutex for which g waits. The runtime does not know which
// one it is, but a holder is in a call of the function that locks the mutex, or else of another method of the
// same type.
func (g *goroutine) holders(all []goroutine) (holders []goroutine) {
	inner := slices.IndexFunc(g.frames, func(f frame) bool { return !f.standard() })
	if inner < 0 {
		return nil
	}
	locks := g.frames[inner]
	for _, alike := range []func(f frame) bool{
		func(f frame) bool { return f.function == locks.function },
		func(f frame) bool { return f.receiver() != "" && f.receiver() == locks.receiver() },
	} {
		for _, o := range all {
			if !o.locks() && slices.ContainsFunc(o.frames, alike) {
				holders = append(holders, o)
			}
		}
		if len(holders) > 0 {
			break
		}
	}
	return holders
}

// receiver returns the type of a method, with the path of its package; "" for a function.
func (f frame) receiver() string {
	of, _, ok := strings.Cut(f.function, ").")
	if !ok {
		return ""
	}
	return of
}

// whatIsLeft names goroutines by the places where they were started, each place once.
func whatIsLeft(all []goroutine) string {
	const most = 3
	var texts []string
	seen := map[frame]int{}
	for _, g := range all {
		if seen[g.maker]++; seen[g.maker] > 1 {
			continue
		}
		if len(texts) < most {
			texts = append(texts, "made by "+g.maker.String()+", where "+g.waits())
		}
	}
	if len(seen) > most {
		texts = append(texts, fmt.Sprintf("%d more", len(seen)-most))
	}
	is := " were"
	if len(all) == 1 {
		is = " was"
	}
	return prose.Count(len(all), "goroutine") + " (" + strings.Join(texts, "; ") + ")" + is
}

// place names the innermost call outside of the standard library and, if it is in another module, its
// caller.
func (g *goroutine) place() string {
	inner := slices.IndexFunc(g.frames, func(f frame) bool { return !f.standard() })
	if inner < 0 {
		if len(g.frames) == 0 {
			return "an unknown place"
		}
		return g.frames[len(g.frames)-1].String()
	}
	text := g.frames[inner].String()
	if !g.frames[inner].library() {
		return text
	}
	for _, f := range g.frames[inner:] {
		if !f.standard() && f.folder() != g.frames[inner].folder() {
			return text + ", called by " + f.String() + ","
		}
	}
	return text
}

// library reports whether a call is in another module, which this program only uses.
func (f frame) library() bool {
	return strings.Contains(f.file, "@v") || strings.Contains(f.file, "/vendor/")
}

func (f frame) folder() string { return filepath.Dir(f.file) }

// String returns function and place: "mylock.(*Lock).Unlock (mylock/mylock.go:42)".
func (f frame) String() string {
	file := filepath.Base(f.folder()) + "/" + filepath.Base(f.file)
	return fmt.Sprintf("%s (%s:%d)", f.function[strings.LastIndex(f.function, "/")+1:], file, f.line)
}

// standardLibrary returns the folder of the standard library's source, as this binary names it: the
// toolchain's folder, or "." if paths were trimmed.
var standardLibrary = sync.OnceValue(func() string {
	known := runtime.FuncForPC(reflect.ValueOf(strings.Clone).Pointer())
	file, _ := known.FileLine(known.Entry())
	return filepath.Dir(filepath.Dir(file))
})

// standard reports whether a call is in the standard library.
func (f frame) standard() bool {
	if library := standardLibrary(); library != "." {
		return strings.HasPrefix(f.file, library+"/")
	}
	return !filepath.IsAbs(f.file) && !strings.Contains(strings.SplitN(f.file, "/", 2)[0], ".")
}
