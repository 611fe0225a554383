package object_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// Mistakes in a file are reported with their place.
func TestParseErrors(t *testing.T) {
	const head = "object: ids\noperations:\n  next: {}\n  put: {argument: unique}\n"
	for text, want := range map[string]string{
		"":                                   "expected an object's declaration, with keys such as object: ticket-seller",
		"object: ids\n---\nobject: b\n":      "[2:1] a second document begins here: a file declares one object",
		"- a":                                "[1:1] expected an object's declaration, with keys such as object: ticket-seller",
		"object: [":                          "[1:9] sequence end token ']' not found",
		"objct: ids":                         `[1:1] "objct" is no key of an object; did you mean "object"? known are about, object, one-session, operations, promise`,
		"object: 3":                          "[1:9] expected a text",
		"one-session: 1":                     "[1:14] expected true or false",
		"operations: 3":                      "[1:13] expected the operations by their names, such as next: {weight: 9}",
		"object: ids\noperations: {next: 3}": "[2:20] expected the keys of an operation: argument, cached, final, plain, read-only, unbounded, waits, weight",
		"object: ids\noperations: {next: {weight: many}}":                    "[2:29] expected a whole number from 0 to 1000000",
		"object: ids\noperations: {next: {final: 1}}":                        "[2:28] expected true or false",
		"object: ids\noperations: {a: {argument: uniq}}":                     "[2:28] expected unique, {from: 1, to: 10}, {any: [a, b]}, {fields: {name: …}} or {answer-of: claim}",
		"object: ids\noperations: {a: {argument: {from: 2, to: 1}}}":         "[2:28] expected from and to, with from not above to",
		"object: ids\noperations: {a: {argument: {any: []}}}":                "[2:34] expected a list of values, such as [a, b]",
		"object: ids\noperations: {a: {argument: {any: [1], to: 3}}}":        "[2:28] expected either from and to, or any, or fields, or answer-of",
		"object: ids\noperations: {a: {argument: {fields: {b: {form: 1}}}}}": `[2:42] "form" is no key of an argument; did you mean "from"? known are answer-of, any, fields, from, to`,
		head:                                  "the object promises nothing: add the key promise, such as promise: {distinct: next}",
		head + "promise: {}":                  "[5:10] the object promises nothing: expected a rule, such as distinct: next",
		head + "promise: {distnct: next}":     `[5:11] "distnct" is no key of a promise; did you mean "distinct"? known are counter, distinct, exclusive, fenced, owned, queue, register, rising`,
		head + "promise: {distinct: nxt}":     `[5:21] "nxt" is no operation; did you mean "next"? the operations are next, put`,
		head + "promise: {rising: [next, 3]}": "[5:26] expected the name of an operation",
		"object: ids\noperations: {a: {argument: {answer-of: b}}}":                                        `[2:40] "b" is no operation; did you mean "a"? the operations are a`,
		head + "promise: {owned: nxt}":                                                                    `[5:18] "nxt" is no operation; did you mean "next"? the operations are next, put`,
		head + "promise: {fenced: next}":                                                                  `[5:19] operation "next" has no argument with a token: add argument: unique`,
		head + "promise: {fenced: {token: t}}":                                                            "[5:19] fenced names no operation: expected {write: …, token: …}",
		head + "promise: {owned: {claim: next}}":                                                          "[5:18] owned names two operations: expected {claim: …, until: …}",
		head + "promise: {queue: {put: put}}":                                                             "[5:18] queue names two operations: expected {put: …, take: …}",
		head + "promise: {queue: {put: put, take: put}}":                                                  "[5:18] queue names two operations: put and take are the same",
		head + "promise: {queue: {put: next, take: put}}":                                                 `[5:18] operation "next" puts its argument in, but has none: add argument: unique`,
		head + "promise: {register: {read: put, write: next}}":                                            `[5:21] operation "next" writes its argument, but has none: add argument: unique`,
		head + "promise: {exclusive: {begin: put, nd: next}}":                                             `[5:35] "nd" is no key of exclusive; did you mean "end"? known are at-most, begin, end, nested, token`,
		head + "promise: {exclusive: {begin: put, end: next, at-most: 0}}":                                `[5:55] expected a whole number from 1 to 1000`,
		head + "promise: {exclusive: {begin: put, end: next, at-most: 2, nested: true}}":                  `[5:22] object "ids": Exclusive has AtMost(2), and Nested or Token: leave one out`,
		head + "promise: {register: {read: next, write: put}, counter: {add: put, read: next}}":           `[5:56] object "ids": two rules are called "sequential": rename one, or leave it out`,
		"object: lock\noperations: {a: }\npromise: {distinct: a}":                                         `[1:9] object "lock": the name "lock" is taken by a recipe of zklab's: choose another one`,
		"object: ids\noperations: {a: {weight: 0}}\npromise: {distinct: a}":                               `[1:9] object "ids": no operation has a weight, so clients would call nothing: give one a weight above 0`,
		"operations: {a: }\npromise: {distinct: a}":                                                       `[1:1] object "": the name "" is not made of lower-case words with hyphens, such as id-generator`,
		"object: My Ids\noperations: {a: }\npromise: {distinct: a}":                                       `[1:9] object "My Ids": the name "My Ids" is not made of lower-case words with hyphens, such as id-generator`,
		"object: ids\noperations: {a: , a: }\npromise: {distinct: a}":                                     `[2:19] mapping key "a" already defined at [2:14]`,
		"object: ids\noperations: {a: , b c: }\npromise: {distinct: a}":                                   `[2:19] object "ids": an operation is called "b c": give it a name of one word`,
		"object: ids\noperations: {a: {weight: 0}, b: {final: true, weight: -1}}\npromise: {distinct: a}": `[2:55] expected a whole number from 0 to 1000000`,
		"object: ids\noperations: {a: }\npromise: {distinct: [a, a]}":                                     `[3:25] object "ids": two rules are called "a-distinct": rename one, or leave it out`,
	} {
		_, err := object.Parse([]byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{filed, "object: &a ids\noperations: *a", "!!int {a: b}", "a: {<<: *b}", "object: ids\noperations: {a: {argument: {any: [{b: !!binary c}]}}}\npromise: {distinct: a}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := object.Parse([]byte(text))
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %v", err)
		}
		if err == nil && o.Workload() == nil {
			t.Error("no workload")
		}
	})
}

// filed declares an object with all that a file can say.
const filed = `
object: things
about: all that a file can say
one-session: true
operations:
  next:    {weight: 9}
  add:     {argument: {from: 1, to: 3}}
  read:    {plain: true}
  kept:    {cached: true}
  set:     {argument: {any: [a, b, null]}}
  get:     {read-only: true, final: true}
  put:     {argument: unique}
  take:    {waits: true}
  claim:
  finish:  {argument: {answer-of: claim}}
  lock:
  unlock:
  move:    {weight: 0, argument: {fields: {from: {any: [1, 2]}, by: {from: -3, to: 3}}}}
promise:
  distinct: [next]
`

// promises are files with one promise each, and programs that keep it or break it.
var promises = map[string]struct {
	promise  string
	violated string // by the wrong program
	right    func(*memory) func(f string, argument any) (any, error)
	wrong    func(*memory) func(f string, argument any) (any, error)
}{
	"counter": {"{counter: {add: next, read: read}}", "sequential", numbering, func(m *memory) func(string, any) (any, error) {
		return func(f string, _ any) (any, error) {
			if f == "next" && m.n%20 != 19 {
				m.n++
			} // every twentieth number is handed out again
			return m.n, nil
		}
	}},
	"distinct": {"{distinct: next}", "next-distinct", numbering, repeated},
	"rising": {"{rising: next}", "next-rising", numbering, func(m *memory) func(string, any) (any, error) {
		return func(string, any) (any, error) { m.n++; return m.n - 40*(m.n/30%2), nil }
	}},
	"register":  {"{register: {read: get, write: set, initial: z}}", "sequential", register(false), register(true)},
	"queue":     {"{queue: {put: put, take: take}}", "integrity", queue(false), queue(true)},
	"exclusive": {"{exclusive: {begin: lock, end: unlock, token: token}}", "exclusion", mutex(false), mutex(true)},
}

// memory is where a program of a test keeps an object.
type memory struct {
	mu    sync.Mutex
	n     int
	value any
	items []any
	held  bool
}

func numbering(m *memory) func(string, any) (any, error) {
	return func(f string, _ any) (any, error) {
		if f == "next" {
			m.n++
		}
		return m.n, nil
	}
}

func repeated(m *memory) func(string, any) (any, error) {
	return func(string, any) (any, error) { m.n++; return m.n / 2, nil }
}

func register(forgets bool) func(*memory) func(string, any) (any, error) {
	return func(m *memory) func(string, any) (any, error) {
		m.value = "z"
		return func(f string, argument any) (any, error) {
			m.n++
			if f == "set" && (!forgets || m.n%5 > 0) {
				m.value = argument
			}
			if f == "set" {
				return nil, nil
			}
			return m.value, nil
		}
	}
}

func queue(twice bool) func(*memory) func(string, any) (any, error) {
	return func(m *memory) func(string, any) (any, error) {
		return func(f string, argument any) (any, error) {
			if f == "put" {
				m.items = append(m.items, argument)
				return nil, nil
			}
			if len(m.items) == 0 {
				return nil, nil
			}
			item := m.items[0]
			if m.n++; !twice || m.n%10 > 0 {
				m.items = m.items[1:]
			}
			return item, nil
		}
	}
}

func mutex(open bool) func(*memory) func(string, any) (any, error) {
	return func(m *memory) func(string, any) (any, error) {
		return func(f string, _ any) (any, error) {
			switch {
			case f == "unlock":
				m.held = false
				return nil, nil
			case m.held && !open:
				return nil, errBusy
			}
			m.held = true
			m.n++
			return map[string]any{"token": fmt.Sprintf("0x%x", m.n)}, nil
		}
	}
}

var errBusy = errors.New("busy")

// served is an object as a program's adapter would serve it.
type served struct {
	subjects.Object
	do     func(string, any) (any, error)
	memory *memory
}

func (s served) Call(ctx context.Context, operation string, argument, answer any) error {
	time.Sleep(time.Millisecond)
	for {
		s.memory.mu.Lock()
		got, err := s.do(operation, argument)
		s.memory.mu.Unlock()
		if errors.Is(err, errBusy) { // served waits
			select {
			case <-time.After(5 * time.Millisecond):
				continue
			case <-ctx.Done():
				return subjects.WithoutEffect(ctx.Err())
			}
		}
		time.Sleep(time.Millisecond)
		raw, err := json.Marshal(got)
		return errors.Join(err, json.Unmarshal(raw, answer))
	}
}

func (s served) Close(context.Context) error { return nil }

// Each promise that a file can make is kept by a right program and broken by a wrong one, and the histories alone are
// enough to decide that.
func TestPromisesOfFiles(t *testing.T) {
	for name, c := range promises {
		for _, wrong := range []bool{false, true} {
			text, _, _ := strings.Cut(filed, "promise:")
			text = onlyNamed(text, c.promise) + "promise: " + c.promise + "\n"
			o, err := object.Parse([]byte(text))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			does := c.right
			if wrong {
				does = c.wrong
			}
			var mu sync.Mutex
			all := map[string]served{} // by path
			o.New = func(c *subjects.Client, path string) (subjects.Object, error) {
				_, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)) // so that something happens in the run
				if err != nil && !errors.Is(err, zk.ErrNodeExists) {
					return nil, err
				}
				mu.Lock()
				defer mu.Unlock()
				if _, ok := all[path]; !ok {
					m := &memory{}
					all[path] = served{do: does(m), memory: m}
				}
				return all[path], nil
			}
			x := zklab.Experiment{Workload: o.Workload(), Out: t.TempDir(), TimeLimit: 5 * time.Second, Keys: 1}
			x.Seed = 1
			out, err := zklab.SimulateIn(t, x)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := slices.Contains(out.Result.Violated(), c.violated); got != wrong || !wrong && len(out.Result.Violated()) > 0 {
				t.Errorf("%s, wrong %v: %v is violated", name, wrong, out.Result.Violated())
			}
			if !wrong && out.Result.Verdict != checker.Valid {
				t.Errorf("%s: %s: %+v", name, out.Result.Verdict, out.Result.Verdicts[0])
			}
			stored, err := history.Open(out.Run.History())
			if err != nil || stored.Header.Declared != nil || stored.Header.Object != text {
				t.Fatalf("%s: %v, declared %v by %q", name, err, stored.Header.Declared, stored.Header.Object)
			}
			unread := checker.Run(t.Context(), stored, checker.Options{})
			if v := unread.Verdicts[0]; unread.Verdict != checker.Unknown || !strings.Contains(v.Reason, "set Header.Declared (object.Declaration)") {
				t.Errorf("%s, with a declaration that nobody read: %+v", name, v)
			}
			stored.Header.Declared = object.Declaration(stored.Header, nil)
			again := checker.Run(t.Context(), stored, checker.Options{})
			for _, v := range again.Verdicts {
				if v.Property == c.violated && (v.Result == checker.Violation) != wrong {
					t.Errorf("%s, wrong %v, decided from the history: %+v", name, wrong, v)
				}
			}
		}
	}
}

// onlyNamed leaves out the operations that a promise does not name.
func onlyNamed(text, promise string) (kept string) {
	for line := range strings.Lines(text) {
		name, _, operation := strings.Cut(strings.TrimSpace(line), ":")
		if operation && strings.HasPrefix(line, "  ") && !strings.Contains(promise, ": "+name) {
			continue
		}
		kept += line
	}
	return kept
}

// The program that serves the object is missing.
func TestFileWithoutProgram(t *testing.T) {
	o, err := object.Parse([]byte(filed))
	if err != nil {
		t.Fatal(err)
	}
	_, err = zklab.SimulateIn(t, zklab.Experiment{Workload: o.Workload()})
	if err == nil || !strings.Contains(err.Error(), "object \"things\" is served by a program: name it") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat("store"); err == nil {
		t.Error("something was stored")
	}
}
