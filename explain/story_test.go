package explain

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", path, diff)
	}
}

// record builds histories; times are microseconds.
type record struct {
	h      history.History
	offset map[int]history.Process
}

func newRecord(model string) *record {
	r := &record{offset: map[int]history.Process{}}
	r.h.Header = history.Header{Version: 1, Model: model}
	return r
}

func (r *record) add(at int64, e history.Event) int {
	e.Time, e.Index = time.Duration(at)*time.Microsecond, len(r.h.Events)
	r.h.Events = append(r.h.Events, e)
	return e.Index
}

func (r *record) invoke(at int64, client int, f, key string, value any) int {
	return r.add(at, history.Event{Process: history.Process(client) + r.offset[client], Client: client, Type: history.Invoke, F: f, Key: key, Value: history.Value(value), Session: history.ID(0x100 + client)})
}

func (r *record) end(at int64, client int, fate history.Type, f, key string, value any) int {
	e := history.Event{Process: history.Process(client) + r.offset[client], Client: client, Type: fate, F: f, Key: key, Value: history.Value(value), Session: history.ID(0x100 + client)}
	if fate != history.OK {
		e.Error = &history.Error{Code: "timeout"}
	}
	if fate == history.Info {
		r.offset[client] += 100
	}
	return r.add(at, e)
}

func (r *record) session(at int64, client int, f string, alive int64) int {
	return r.add(at, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: f, Session: history.ID(0x100 + client), Alive: time.Duration(alive) * time.Microsecond})
}

func (r *record) fault(at int64, kind string, step history.FaultStep) {
	r.add(at, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: kind, Value: history.Value(step)})
}

func (r *record) fact(at int64, f, key string, value any) int {
	return r.add(at, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Key: key, Value: history.Value(value)})
}

// all returns the indices of all events.
func (r *record) all() []int {
	var is []int
	for i := range r.h.Events {
		is = append(is, i)
	}
	return is
}

func (r *record) scene(telling Telling, key string, counterexample []int) *Scene {
	return Read(&r.h).Scene(telling, key, counterexample)
}

// page returns a scene as a terminal shows it.
func page(s *Scene, screen Screen) string {
	return strings.Join(s.Story(), "\n") + "\n\n" + s.Text(screen)
}

// twoHolders is a record of a lock that two clients held while the leader was paused.
func twoHolders() (*record, []int) {
	r := newRecord(models.Lock.Name)
	var w []int
	r.fault(10_000_000, "pause", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "pause:leader"})
	r.fault(10_100_000, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified, Spec: "pause:leader", Servers: []int{2}, Clients: []int{1}})
	w = append(w, r.invoke(11_900_000, 1, models.FAcquire, "k1", nil), r.end(11_950_000, 1, history.OK, models.FAcquire, "k1", models.Grant{Token: 0x1a3}))
	w = append(w, r.invoke(11_960_000, 3, models.FAcquire, "k1", nil), r.end(12_031_000, 3, history.OK, models.FAcquire, "k1", models.Grant{Token: 0x1a4}))
	w = append(w, r.session(12_220_000, 1, history.FConnected, 12_210_000))
	r.session(12_230_000, 1, history.FExpired, 0)
	w = append(w, r.invoke(12_400_000, 3, models.FRelease, "k1", models.Held{Held: true, Token: 0x1a4}))
	r.end(12_410_000, 3, history.OK, models.FRelease, "k1", nil)
	r.fault(17_000_000, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed, Spec: "pause:leader", Servers: []int{2}})
	return r, w
}

// scenes are small counterexamples, by the name of their golden file.
var scenes = []struct {
	name   string
	scene  func() *Scene
	screen Screen
}{
	{"lock-60", func() *Scene { r, w := twoHolders(); return r.scene(HeldTwice, "k1", w) }, Screen{Width: 60}},
	{"lock-80", func() *Scene { r, w := twoHolders(); return r.scene(HeldTwice, "k1", w) }, Screen{}},
	{"lock-120", func() *Scene { r, w := twoHolders(); return r.scene(HeldTwice, "k1", w) }, Screen{Width: 120}},
	{"lock-ascii", func() *Scene { r, w := twoHolders(); return r.scene(HeldTwice, "k1", w) }, Screen{ASCII: true}},
	{"lock-colour", func() *Scene { r, w := twoHolders(); return r.scene(HeldTwice, "k1", w) }, Screen{Colour: true}},
	{"belief", believers, Screen{}},
	{"late-death", knownDeadLater, Screen{}},
	{"fencing", refusedWrite, Screen{}},
	{"election", electedTwice, Screen{}},
	{"queue-twice", takenTwice, Screen{}},
	{"queue-order", overtaken, Screen{}},
	{"queue-loss", vanished, Screen{}},
	{"barrier", passedEarly, Screen{}},
	{"double-barrier", leftAlone, Screen{}},
	{"register", staleRead, Screen{}},
	{"unknown-model", func() *Scene { return readsOf("ledger") }, Screen{}},
	{"session", eventAfterData, Screen{}},
	{"unanswered", unanswered, Screen{}},
	{"many", many, Screen{}},
	{"hours", hours, Screen{}},
	{"instant", instant, Screen{}},
	{"unicode", unicodeKeys, Screen{}},
	{"unicode-ascii", unicodeKeys, Screen{ASCII: true}},
	{"hostile", hostile, Screen{}},
	{"faults", manyFaults, Screen{Width: 100}},
	{"lines", lines, Screen{}},
}

// TestScenes compares stories and drawings with golden files that somebody has
// reviewed.
func TestScenes(t *testing.T) {
	for _, c := range scenes {
		t.Run(c.name, func(t *testing.T) {
			s := c.scene()
			text := page(s, c.screen)
			golden(t, c.name+".txt", text)
			fits(t, s, c.screen)
		})
	}
}

// fits checks what must hold of every picture and every sentence.
func fits(t *testing.T, s *Scene, screen Screen) {
	t.Helper()
	drawn := s.Text(screen)
	wide := screen.Width
	if wide == 0 {
		wide = usual
	}
	lines := strings.Split(strings.TrimSuffix(drawn, "\n"), "\n")
	if len(lines) > 15 {
		t.Errorf("%d lines", len(lines))
	}
	for _, l := range lines {
		l = ansi.Strip(l)
		if n := columns(l); n > wide {
			t.Errorf("%d columns, of %d: %q", n, wide, l)
		}
		clean(t, l)
		for _, r := range l {
			if screen.ASCII && r > 0x7f {
				t.Errorf("%q in a drawing in ASCII", r)
			}
		}
	}
	for _, sentence := range s.Story() {
		clean(t, sentence)
	}
	if len(s.Story()) > mostTold+mostFaults+3 {
		t.Errorf("%d sentences", len(s.Story()))
	}
	svg := s.SVG()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("the SVG is no XML: %v\n%s", err, svg)
		}
	}
	clean(t, strings.ReplaceAll(string(svg), "\n", " "))
	if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
		t.Errorf("a place that is none:\n%s", svg)
	}
}

func clean(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if !unicode.IsPrint(r) {
			t.Errorf("%U in %q", r, text)
		}
	}
}

func believers() *Scene {
	r := newRecord(models.Lock.Name)
	w := []int{
		r.invoke(1_000_000, 0, models.FAcquire, "k", nil), r.end(1_010_000, 0, history.OK, models.FAcquire, "k", models.Grant{Token: 7}),
	}
	r.fault(2_000_000, "expire", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "expire:holder", Clients: []int{0}, Sessions: []history.ID{0x100}})
	r.fault(2_020_000, "expire", history.FaultStep{Fault: 1, Step: history.StepVerified, Spec: "expire:holder", Clients: []int{0}, Sessions: []history.ID{0x100}})
	r.session(2_015_000, 0, history.FDead, 0) // the client goes on believing
	w = append(w,
		r.invoke(1_500_000, 1, models.FAcquire, "k", nil), r.end(2_030_000, 1, history.OK, models.FAcquire, "k", models.Grant{Token: 8}),
		r.add(2_300_000, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FLost, Key: "k", Value: history.Value(history.LostHold{Token: 7}), Session: 0x100}),
		r.invoke(2_900_000, 1, models.FRelease, "k", models.Held{Held: true, Token: 8}),
	)
	r.add(2_950_000, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FConnected, Session: 0x200})
	return r.scene(BelievedHeld, "k", w)
}

// knownDeadLater is a hold that lasts as long as its session is proven alive, not until
// some client knew that the session was dead. The death of an older session says
// nothing about it.
func knownDeadLater() *Scene {
	r := newRecord(models.Lock.Name)
	w := []int{
		r.invoke(1_000_000, 0, models.FAcquire, "k", nil), r.end(1_010_000, 0, history.OK, models.FAcquire, "k", models.Grant{Token: 7}),
		r.add(1_100_000, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FDead, Session: 0x99}),
		r.invoke(1_200_000, 1, models.FAcquire, "k", nil), r.end(1_500_000, 1, history.OK, models.FAcquire, "k", models.Grant{Token: 8}),
		r.session(1_990_000, 0, history.FDisconnected, 1_980_000),
		r.session(2_300_000, 0, history.FDead, 1_980_000),
		r.invoke(2_500_000, 1, models.FRelease, "k", models.Held{Held: true, Token: 8}),
	}
	return r.scene(HeldTwice, "k", w)
}

func refusedWrite() *Scene {
	r := newRecord(models.Lock.Name)
	w := []int{
		r.invoke(1000, 0, models.FAcquire, "k", nil), r.end(2000, 0, history.OK, models.FAcquire, "k", models.Grant{Token: 7}),
		r.invoke(3000, 1, models.FWrite, "k", models.Grant{Token: 8}), r.end(4000, 1, history.OK, models.FWrite, "k", models.Written{Accepted: true, Token: 8, Order: 3}),
		r.invoke(5000, 0, models.FWrite, "k", models.Grant{Token: 7}), r.end(6000, 0, history.OK, models.FWrite, "k", models.Written{Token: 7, Order: 4}),
		r.invoke(9000, 0, models.FRelease, "k", models.Held{Held: true, Token: 7}),
	}
	return r.scene(OldToken, "k", w)
}

func electedTwice() *Scene {
	r := newRecord(models.Election.Name)
	w := []int{
		r.invoke(10_000, 0, models.FAcquire, "e", nil), r.end(20_000, 0, history.OK, models.FAcquire, "e", models.Grant{Token: 1}),
		r.session(100_000, 0, history.FExpired, 0),
		r.invoke(1_200_000, 0, models.FConfirm, "e", nil), r.end(1_202_000, 0, history.OK, models.FConfirm, "e", models.Held{Held: true, Token: 1}),
		r.invoke(1_210_000, 2, models.FLeader, "e", nil), r.end(1_220_000, 2, history.OK, models.FLeader, "e", models.Leader{Client: -1}),
		r.invoke(1_300_000, 0, models.FRelease, "e", models.Held{}), r.end(1_310_000, 0, history.Fail, models.FRelease, "e", nil),
	}
	return r.scene(ClaimedHeld, "e", w)
}

func (r *record) put(from, to int64, client int, item string, fate history.Type) []int {
	return []int{r.invoke(from, client, models.FEnqueue, "q", models.Item{Item: item}), r.end(to, client, fate, models.FEnqueue, "q", nil)}
}

func (r *record) take(from, to int64, client int, item string, fate history.Type) []int {
	var v any
	if item != "" {
		v = models.Item{Item: item}
	}
	return []int{r.invoke(from, client, models.FDequeue, "q", nil), r.end(to, client, fate, models.FDequeue, "q", v)}
}

func takenTwice() *Scene {
	r := newRecord(models.Queue.Name)
	w := append(r.put(1000, 2000, 0, "a", history.OK), r.take(3000, 4000, 1, "a", history.OK)...)
	r.fault(4500, "lose-reply", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "lose-reply:delete", Clients: []int{2}})
	w = append(w, r.take(5000, 6000, 2, "a", history.OK)...)
	return r.scene(CameTwice, "q", w)
}

func overtaken() *Scene {
	r := newRecord(models.Queue.Name)
	w := append(r.put(1000, 2000, 0, "a", history.OK), r.put(3000, 4000, 0, "b", history.OK)...)
	w = append(w, r.take(5000, 6000, 1, "b", history.OK)...)
	w = append(w, r.take(7000, 8000, 2, "a", history.OK)...)
	return r.scene(Overtaken, "q", w)
}

func vanished() *Scene {
	r := newRecord(models.Queue.Name)
	w := append(r.put(1_000_000, 1_002_000, 0, "a", history.OK), r.put(1_003_000, 1_004_000, 3, "b", history.OK)...)
	w = append(w, r.take(2_000_000, 2_500_000, 1, "", history.Info)...)
	w = append(w, r.fact(30_000_000, history.FDrained, "q", models.Drained{Empty: true}))
	return r.scene(Vanished, "q", w)
}

func passedEarly() *Scene {
	r := newRecord(models.Barrier.Name)
	w := []int{
		r.invoke(10_000, 0, models.FRaise, "b1", nil), r.end(20_000, 0, history.OK, models.FRaise, "b1", nil),
		r.invoke(30_000, 1, models.FAwait, "b1", nil), r.end(40_000, 1, history.OK, models.FAwait, "b1", nil),
		r.invoke(60_000, 0, models.FLift, "b1", nil),
	}
	return r.scene(PassedEarly, "b1", w)
}

func leftAlone() *Scene {
	r := newRecord(models.DoubleBarrier.Name)
	w := []int{
		r.invoke(10_000, 0, models.FEnter, "d1", nil), r.invoke(11_000, 1, models.FEnter, "d1", nil),
		r.end(20_000, 0, history.OK, models.FEnter, "d1", nil), r.end(21_000, 1, history.OK, models.FEnter, "d1", nil),
		r.invoke(30_000, 1, models.FLeave, "d1", nil), r.end(31_000, 1, history.OK, models.FLeave, "d1", nil),
		r.session(80_000, 0, history.FConnected, 50_000),
	}
	return r.scene(StepsOnly, "d1", w)
}

func staleRead() *Scene { return readsOf("register") }

// readsOf returns operations of the model register, or of ledger, for which this
// package has no words.
func readsOf(model string) *Scene {
	r := newRecord(model)
	w := []int{
		r.invoke(1000, 0, "write", "r1", map[string]any{"value": "3"}), r.end(2000, 0, history.OK, "write", "r1", map[string]any{"version": 2}),
		r.invoke(3000, 1, "read", "r1", map[string]any{"kind": "fenced"}), r.end(4000, 1, history.OK, "read", "r1", map[string]any{"value": "2", "version": 1}),
		r.invoke(5000, 2, "cas", "r1", map[string]any{"from": "3", "to": "4"}), r.end(6000, 2, history.Fail, "cas", "r1", nil),
	}
	return r.scene(StepsOnly, "r1", w)
}

func eventAfterData() *Scene {
	r := newRecord("session")
	wire := func(at int64, f string, zxid history.ID, v any) int {
		return r.add(at, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: f, Session: 0x100, Zxid: zxid, Value: history.Value(v)})
	}
	w := []int{
		wire(1000, history.FRequest, 0, history.Request{Xid: 5, Op: "getData", Path: "/a", Watch: true}),
		wire(2000, history.FReply, 0x10, history.Reply{Xid: 5, Data: []byte("x")}),
		wire(3000, history.FReply, 0x12, history.Reply{Xid: 6, Error: -101}),
		wire(4000, history.FEvent, 0x11, history.WatchEvent{Type: "nodeDataChanged", Path: "/a"}),
	}
	return r.scene(StepsOnly, "", w)
}

func unanswered() *Scene {
	r := newRecord(models.Lock.Name)
	w := []int{r.invoke(0, 0, models.FAcquire, "k", nil), r.invoke(10_000_000, 1, models.FAcquire, "k", nil)}
	return r.scene(StepsOnly, "k", w)
}

func many() *Scene {
	r := newRecord(models.Queue.Name)
	for i := range int64(100) {
		r.put(1000*i, 1000*i+int64(500+i), int(i%25), fmt.Sprintf("item-%d", i), history.OK)
	}
	return r.scene(Vanished, "q", r.all())
}

func hours() *Scene {
	r := newRecord(models.Queue.Name)
	w := append(r.put(0, 1, 0, "a", history.OK), r.put(3_600_000_000, 7_200_000_000, 0, "b", history.OK)...)
	w = append(w, r.take(7_200_000_001, 7_200_000_003, 1, "b", history.OK)...)
	w = append(w, r.take(36_000_000_000, 36_000_000_001, 1, "a", history.OK)...)
	return r.scene(Overtaken, "q", w)
}

func instant() *Scene {
	r := newRecord(models.Lock.Name)
	w := []int{r.invoke(5000, 0, models.FAcquire, "k", nil), r.end(5000, 0, history.OK, models.FAcquire, "k", models.Grant{Token: 1})}
	w = append(w, r.invoke(5000, 1, models.FAcquire, "k", nil), r.end(5000, 1, history.OK, models.FAcquire, "k", models.Grant{Token: 1}))
	return r.scene(StepsOnly, "k", w)
}

func unicodeKeys() *Scene {
	r := newRecord(models.Queue.Name)
	key := "Schlange-鍵-🔑"
	w := []int{
		r.invoke(1000, 0, models.FEnqueue, key, models.Item{Item: "日本語の項目"}), r.end(9000, 0, history.OK, models.FEnqueue, key, nil),
		r.invoke(10_000, 1, models.FDequeue, key, nil), r.end(20_000, 1, history.OK, models.FDequeue, key, models.Item{Item: "e\u0301t\u00e9"}),
	}
	return r.scene(CameTwice, key, w)
}

// evil is text that would clear a screen, ring, write from right to left and
// break lines.
const evil = "\x1b[2J\a\r\n\u202eabc\x00\u009b31m\xff</text>"

func hostile() *Scene {
	r := newRecord(models.Queue.Name)
	w := []int{
		r.invoke(1000, 0, models.FEnqueue, evil, models.Item{Item: evil}), r.end(9000, 0, history.OK, models.FEnqueue, evil, nil),
		r.invoke(10_000, 1, models.FDequeue, evil, nil), r.end(20_000, 1, history.Info, models.FDequeue, evil, nil),
		r.invoke(30_000, 2, evil, evil, map[string]string{evil: evil}), r.end(40_000, 2, history.OK, evil, evil, map[string]string{evil: evil}),
		r.fact(50_000, evil, evil, map[string]string{evil: evil}),
		r.fact(51_000, history.FFinal, evil, models.Final{Contenders: []models.Contender{{Name: evil}}}),
	}
	r.h.Events[w[3]].Error = &history.Error{Code: evil, Message: evil + strings.Repeat("long ", 100)}
	r.fault(60_000, evil, history.FaultStep{Fault: 1, Step: history.StepInject, Spec: evil, Clients: []int{2}})
	w = append(w, r.invoke(70_000, 2, evil, evil, evil))
	return r.scene(StepsOnly, evil, w)
}

func manyFaults() *Scene {
	r, _ := twoHolders()
	r2 := newRecord(models.Lock.Name)
	for i, kind := range []string{"kill", "partition", "freeze", "lose-reply", "pause", "crash"} {
		step := history.FaultStep{Fault: i + 2, Step: history.StepInject, Spec: kind, Servers: []int{1, 3}}
		if i%2 == 0 {
			step.Servers, step.Clients = nil, []int{1}
		}
		r2.fault(11_000_000+int64(i)*200_000, kind, step)
	}
	for _, e := range r.h.Events {
		r2.add(int64(e.Time/time.Microsecond), e)
	}
	slices.SortStableFunc(r2.h.Events, func(x, y history.Event) int { return int(x.Time - y.Time) })
	var w []int
	for i := range r2.h.Events {
		e := &r2.h.Events[i]
		if e.Index = i; e.Process >= 0 {
			w = append(w, i)
		}
	}
	return r2.scene(HeldTwice, "k1", w)
}

// lines is a scene of a history of another tool, without times.
func lines() *Scene {
	s := &Scene{Lines: true}
	for i, to := range []time.Duration{6, Never, 12} {
		st := Step{Row: i, Who: fmt.Sprintf("process %d", i), From: time.Duration(2 * i), To: to, At: time.Duration(2 * i), Name: "write 3", Fate: history.OK}
		st.Text = func(clock Clock) string { return st.Who + " wrote 3 at " + clock(st.From) }
		s.Add(st)
	}
	s.Finish()
	s.Conclude("so nothing explains it")
	return s
}

// TestEmpty draws nothing: no counterexample makes no picture, and no panic.
func TestEmpty(t *testing.T) {
	r := newRecord(models.Lock.Name)
	for _, w := range [][]int{nil, {-1, 1 << 40}} {
		s := r.scene(HeldTwice, "k", w)
		if s.Text(Screen{}) != "" || s.SVG() != nil || len(s.Story()) != 0 {
			t.Errorf("%v: %q %q", w, s.Story(), s.Text(Screen{}))
		}
	}
}

// TestAnyCounterexample draws random events, which make a picture that fits, whatever
// they are.
func TestAnyCounterexample(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fs := []string{
		models.FAcquire, models.FRelease, models.FConfirm, models.FWrite, models.FEnqueue, models.FDequeue, models.FRaise, models.FLift,
		models.FAwait, models.FEnter, models.FLeave, history.FExpired, history.FDead, history.FOvertaken, history.FLost, history.FExited, history.FDrained, history.FFinal, "pause", "cas",
	}
	values := []string{"", "null", "3", `{"held":true}`, `{"token":"0x5"}`, `{"item":"x"}`, `{"fault":1,"step":"inject","servers":[1]}`, `{"fault":1,"step":"healed"}`, `[1,`, `"x"`}
	names := []string{models.Lock.Name, models.Election.Name, models.Queue.Name, models.Barrier.Name, models.DoubleBarrier.Name, "register", ""}
	for range 40 {
		rec := newRecord(names[r.IntN(len(names))])
		var at int64
		for range 1 + r.IntN(60) {
			at += int64(r.IntN(3)) * int64(1+r.IntN(1000))
			rec.add(at, history.Event{
				Process: history.Process(r.IntN(6) - 2), Client: r.IntN(12) - 1, F: fs[r.IntN(len(fs))], Key: []string{"k", "l", ""}[r.IntN(3)],
				Type: []history.Type{history.Invoke, history.OK, history.Info, history.Fail}[r.IntN(4)], Value: []byte(values[r.IntN(len(values))]),
				Alive: time.Duration(r.IntN(2)) * time.Duration(at) * 500,
			})
		}
		for telling := range OldToken + 1 {
			s := rec.scene(telling, "k", rec.all())
			for _, width := range []int{61, 99} {
				fits(t, s, Screen{Width: width})
			}
		}
	}
}

// Events that explain a violation are described and drawn beside those that show it, and nothing
// follows from them. Faults that were over by then, or hit other clients, are left out.
func TestBeside(t *testing.T) {
	r, w := twoHolders()
	r.fault(17_100_000, "cut", history.FaultStep{Fault: 2, Step: history.StepInject, Spec: "cut:client-2"})
	r.fault(17_110_000, "cut", history.FaultStep{Fault: 2, Step: history.StepVerified, Clients: []int{2}})
	r.fault(17_120_000, "refuse", history.FaultStep{Fault: 3, Step: history.StepInject, Spec: "refuse:client-3"})
	r.fault(17_130_000, "refuse", history.FaultStep{Fault: 3, Step: history.StepVerified, Clients: []int{3}})
	r.fault(17_210_000, "refuse", history.FaultStep{Fault: 3, Step: history.StepHealed, Clients: []int{3}})
	beside := r.invoke(17_200_000, 3, models.FRelease, "k1", nil)
	r.end(17_300_000, 3, history.Fail, models.FRelease, "k1", nil)
	s := Read(&r.h).Scene(HeldTwice, "k1", w, beside, w[0])
	text := page(s, Screen{})
	for want, there := range map[string]bool{
		"Client 3 began to release k1 at 17.200 s and":                          true,
		"Client 3 was refused any connection from 17.130 s at the latest to 17": true,
		"So client 1 and client 3 both held k1 from 12.031 s":                   true,
		"cut": false,
	} {
		if strings.Contains(text, want) != there {
			t.Errorf("%q: %v", want, !there)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// The end of a session is described from the first operation on, whichever client's it is, and
// not from the connection of another client long before.
func TestDeathsSinceTheFirstOperation(t *testing.T) {
	r := newRecord(models.Lock.Name)
	w := []int{r.session(1_000, 1, history.FConnected, 0)}
	r.session(5_000_000, 2, history.FExpired, 0)
	w = append(w, r.invoke(6_000_000, 0, models.FAcquire, "k1", nil), r.end(7_000_000, 0, history.OK, models.FAcquire, "k1", nil))
	r.session(8_000_000, 2, history.FExpired, 0)
	w = append(w, r.invoke(9_000_000, 2, models.FRelease, "k1", nil))
	text := strings.Join(r.scene(StepsOnly, "k1", w).Story(), "\n")
	if strings.Contains(text, "expired at 5.000 s") || !strings.Contains(text, "expired at 8.000 s") {
		t.Error(text)
	}
}

// The text about a list without contenders names the folder that was read: a recipe may keep its
// places in a folder below, and a folder is no contender.
func TestListsWithoutContenders(t *testing.T) {
	for want, list := range map[string][]models.Contender{
		"The list of znodes directly below k1 was read at 5.000 s and was empty.":                                             nil,
		"The list of znodes directly below k1 was read at 5.000 s and showed election (persistent), leaders (persistent).":    {{Name: "leaders"}, {Name: "election"}},
		"The list of contenders for k1 was read at 5.000 s and showed lock-0000000001 of session 0x101, revoke (persistent).": {{Name: "lock-0000000001", Owner: 0x101}, {Name: "revoke"}},
	} {
		r := newRecord(models.Lock.Name)
		w := []int{r.fact(5_000_000, history.FFinal, "k1", models.Final{Contenders: list})}
		if got := r.scene(StepsOnly, "k1", w).Story(); len(got) != 1 || got[0] != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A length is that between the moments as they are shown.
func TestBetween(t *testing.T) {
	for _, c := range []struct {
		at       []time.Duration // microseconds, at which something happens
		from, to time.Duration
		want     string
	}{
		{[]time.Duration{0, 1_137_600, 1_148_400}, 1_137_600, 1_148_400, "1.138 s to 1.148 s, for 10 ms"},
		{[]time.Duration{0, 1_137_600, 1_137_900}, 1_137_600, 1_137_900, "1.137600 s to 1.137900 s, for 300 µs"},
		{[]time.Duration{0, 5_000_000}, 1_137_600, 1_137_900, "1.138 s to 1.138 s, for 300 µs"},
		{[]time.Duration{0, 5_000_000}, 1_000_000, 1_002_000, "1.000 s to 1.002 s, for 2 ms"},
	} {
		var s Scene
		for _, at := range c.at {
			s.Add(Step{At: at * time.Microsecond})
		}
		from, to := c.from*time.Microsecond, c.to*time.Microsecond
		if got := s.clock()(from) + " to " + s.clock()(to) + ", for " + s.between(from, to); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestFacts(t *testing.T) {
	for value, want := range map[string]string{
		`{"held":true,"lost":false,"token":"0x5","n":3}`: "held, not lost, token 0x5, n 3",
		`{"votes":["yes",{"site":2},null]}`:              "votes yes, (site 2), nothing",
		`"text"`:                                         "text", `[1,"a"]`: "1, a", `3`: "3", `{"cut`: `{"cut`, "null": "", "": "",
	} {
		if got := Facts([]byte(value)); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

// TestFaultsAreToldAsTheyHappened plants faults on clients that were due at 11.9 s and waited for
// their clients.
func TestFaultsAreToldAsTheyHappened(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		exited     int64 // when the process ended, in microseconds; 0 if it did not
		outcome    string
		want       string
	}{
		{"killed later than due", "crash", 12_100_000, history.StepVerified, "Client 1 was killed from 12.100 s to 17.000 s."},
		{"stopped later than due", "freeze", 0, history.StepVerified, "Client 1 was frozen from 12.150 s at the latest to 17.000 s."},
		{"not seen to be stopped", "freeze", 0, "", "Client 1 was frozen from 11.900 s to 17.000 s."},
		{"silent, and its session ended", "silence", 0, history.StepVerified, "Client 1 had a silent link from 11.900 s or later to 17.000 s; its session expired in that time."},
		{"silent, and its session may have lived", "silence", 0, "", "Client 1 had a silent link from 11.900 s to 17.000 s."},
		{"ended by force", "expire", 0, history.StepVerified, "Client 1 had its session expired by force between 11.900 s and 12.150 s."},
	} {
		r := newRecord(models.Lock.Name)
		w := []int{r.invoke(11_900_000, 1, models.FAcquire, "k1", nil)}
		step := history.FaultStep{Fault: 1, Spec: c.kind}
		at := func(time int64, s string) { step.Step = s; r.fault(time, c.kind, step) }
		at(11_900_000, history.StepInject)
		step.Clients, step.Sessions = []int{1}, []history.ID{0x101}
		if c.exited != 0 {
			r.add(c.exited, history.Event{Process: history.SessionProcess, Client: 1, Type: history.Info, F: history.FExited, Session: 0x101, Value: history.Value(history.Exited{By: history.ByCrash})})
		}
		if c.outcome != "" {
			at(12_150_000, c.outcome)
		}
		at(17_000_000, history.StepHealed)
		w = append(w, r.end(18_000_000, 1, history.Info, models.FAcquire, "k1", nil))
		story := r.scene(StepsOnly, "k1", w).Story()
		if !slices.Contains(story, c.want) {
			t.Errorf("%s: not told: %s\n%s", c.name, c.want, strings.Join(story, "\n"))
		}
	}
}
