package registers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/servers"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Register is the store itself, observed at one znode whose values are unique. The first property
// uses only values and real time, the second uses zxids; the others are about what an unfenced read
// may show.
var Register = frame.Model{
	Object:     models.Register,
	Properties: append([]*frame.Property{linearizable, zxidOrder, plainReads, syncReads, frame.FencedReads, durable, frame.LogAgrees(nil, nil)}, servers.Properties...),
	References: []*frame.Reference{registerReference},
}

// register holds what happened to one register. Values are numbers; 0 is "", with which
// it begins.
type register struct {
	*evidence.Key
	values  []string
	changes []*change // that may have happened, in order of invocation
	reads   []*look   // that succeeded, and the final one, in order of invocation
	final   *look     // the harness's own look at the end; nil: there is none
	writer  []*change // by value; nil: no client wrote it
	failed  []*change // by value: a change that certainly did not write it
	doubled string    // a value that two changes wrote
	lost    int       // compare-and-sets that lost against another change

	unwritten []*look            // reads of values that no client had begun to write
	over      *overwrites        // when, and by which changes, values were overwritten
	figures   map[string]float64 // counts for the exercise condition
}

// change is a write or a compare-and-set.
type change struct {
	op       *history.Operation
	from, to int32      // from is noValue for a write
	zxid     history.ID // from its own answer or from a read; 0: not known
	stated   int32      // the version that it made, according to its answer; 0: not known
}

const noValue = -1

// look is a read.
type look struct {
	op       *history.Operation // nil: the harness's own
	kind     string
	inv, ret time.Duration
	value    int32
	zxid     history.ID
	version  int32
	event    int // of its return
}

func (c *change) inv() time.Duration { return c.op.Began() }
func (c *change) ret() time.Duration { return evidence.EffectiveBy(c.op) }
func (c *change) acknowledged() bool { return c.op.Outcome() == history.OK }

// client returns the client that read, or -1 for a read of the harness.
func (l *look) client() int {
	if l.op == nil {
		return -1
	}
	return l.op.Client
}

func (l *look) events() []int {
	if l.op == nil {
		return []int{l.event}
	}
	return evidence.EventsOf(l.op)
}

// registerOf reads the history of a key as that of a register.
var registerOf = evidence.OncePerKey(readRegister)

func readRegister(k *evidence.Key) *register {
	b := &registerReader{a: k.Record, numbers: map[string]int32{}, kinds: map[string]string{}, register: &register{Key: k}}
	b.number("")
	for _, op := range k.Ops() {
		b.operation(op)
	}
	b.finish(k)
	b.over = newOverwrites(b.register)
	b.figures = registerFigures(b.register)
	return b.register
}

// registerReader reads the record of a register.
type registerReader struct {
	*register
	a       *evidence.Record
	numbers map[string]int32
	kinds   map[string]string // kinds of reads, by the value of the invocation, which is often the same
}

// kind returns how a read was done.
func (b *registerReader) kind(op *history.Operation) string {
	if kind, ok := b.kinds[string(op.Invoke.Value)]; ok {
		return kind
	}
	var how models.HowRead
	if b.a.Decode(op.Invoke, &how); how.Kind == "" { // or the value could not be read
		return models.ReadFenced
	}
	b.kinds[string(op.Invoke.Value)] = how.Kind
	return how.Kind
}

func (b *registerReader) number(value string) int32 {
	n, ok := b.numbers[value]
	if !ok {
		n = int32(len(b.values))
		b.numbers[value] = n
		b.values = append(b.values, value)
		b.writer, b.failed = append(b.writer, nil), append(b.failed, nil)
	}
	return n
}

func (b *registerReader) operation(op *history.Operation) {
	switch op.F {
	case models.FWrite:
		var v models.Writing
		b.a.Decode(op.Invoke, &v)
		b.change(&change{op: op, from: noValue, to: b.number(v.Value)})
	case models.FCAS:
		var v models.Swap
		b.a.Decode(op.Invoke, &v)
		b.change(&change{op: op, from: b.number(v.From), to: b.number(v.To)})
	case models.FRead:
		if op.Outcome() != history.OK {
			return
		}
		var v models.Reading
		b.a.Decode(op.Return, &v)
		b.look(&look{op: op, kind: b.kind(op), inv: op.Began(), ret: op.Return.Time, event: op.Return.Index}, v)
	}
}

func (b *registerReader) change(c *change) {
	switch c.op.Outcome() {
	case history.Fail:
		b.failed[c.to] = c
		if e := c.op.Return.Error; e != nil && (e.Code == models.CodeMismatch || e.Code == models.CodeConflict) {
			b.lost++
		}
		return
	case history.OK:
		var made models.Stored
		b.a.Decode(c.op.Return, &made)
		c.zxid, c.stated = c.op.Return.Zxid, made.Version
	}
	if b.writer[c.to] != nil || c.to == 0 {
		b.doubled = b.values[c.to]
	}
	b.writer[c.to] = c
	b.changes = append(b.changes, c)
}

func (b *registerReader) look(l *look, v models.Reading) {
	l.value, l.zxid, l.version = b.number(v.Value), v.Mzxid, v.Version
	b.reads = append(b.reads, l)
}

// finish adds the final read, and what reads show of changes of unknown outcome.
func (b *registerReader) finish(k *evidence.Key) {
	for _, e := range k.Facts {
		var v models.Final
		if e.F != history.FFinal {
			continue
		}
		b.a.Decode(e, &v)
		if v.Register == nil {
			continue
		}
		b.final = &look{kind: models.ReadFenced, inv: min(b.a.Phase(history.PhaseQuiesce), e.Time), ret: e.Time, event: e.Index}
		b.look(b.final, *v.Register)
	}
	slices.SortStableFunc(b.reads, func(x, y *look) int { return cmp.Compare(x.inv, y.inv) })
	for _, l := range b.reads {
		c := b.writer[l.value]
		if l.value != 0 && (c == nil || c.inv() > l.ret) {
			b.unwritten = append(b.unwritten, l)
		}
		if c != nil && c.zxid == 0 {
			c.zxid = l.zxid
		}
	}
}

// name returns a value for people.
func (r *register) name(v int32) string { return strconv.Quote(r.values[v]) }

// act describes a change: write of "x" by client 1.
func (r *register) act(c *change) string {
	if c.from == noValue {
		return fmt.Sprintf("write of %s by client %d", r.name(c.to), c.op.Client)
	}
	return fmt.Sprintf("compare-and-set from %s to %s by client %d", r.name(c.from), r.name(c.to), c.op.Client)
}

// spanOf returns a change with its interval.
func (r *register) spanOf(c *change) string {
	if c.ret() == evidence.Never {
		return fmt.Sprintf("the %s (from %s on, outcome unknown)", r.act(c), words.At(c.inv()))
	}
	return fmt.Sprintf("the %s (%s to %s)", r.act(c), words.At(c.inv()), words.At(c.ret()))
}

// seen returns a read with its interval.
func (r *register) seen(l *look) string {
	who := "the harness at the end"
	if l.op != nil {
		who = fmt.Sprintf("client %d", l.client())
	}
	return fmt.Sprintf("the %s read of %s by %s (%s to %s)", l.kind, r.name(l.value), who, words.At(l.inv), words.At(l.ret))
}

// onRegister decides a property of one register, if its values are unique.
func onRegister(decide func(context.Context, *frame.Finding, *register)) func(context.Context, *evidence.Key) frame.Finding {
	return func(ctx context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		r := registerOf(k)
		if r.doubled != "" || r.writer[0] != nil {
			f.Unknown("the value %q was written more than once; values must be unique to be told apart", r.doubled)
			return f
		}
		decide(ctx, &f, r)
		return f
	}
}

// registerFigures counts what the exercise condition requires.
func registerFigures(r *register) map[string]float64 {
	figures := map[string]float64{"changes": float64(len(r.changes)), "lost_cas": float64(r.lost)}
	all, changing := evidence.NewReach(), evidence.NewReach()
	for _, op := range r.Ops() {
		if op.Outcome() == history.Fail {
			continue
		}
		changes := op.F != models.FRead
		if changes && all.Beyond(op.Client, op.Began()) || changing.Beyond(op.Client, op.Began()) {
			frame.TallyCall(figures, r.Record, "overlapping", op)
		}
		end := min(evidence.Ended(op), r.End)
		all.Add(op.Client, end)
		if changes {
			changing.Add(op.Client, end)
		}
	}
	return figures
}

// registerExercise requires operations that overlapped, and a compare-and-set that was too late.
func registerExercise(_ *evidence.Record, figures map[string]float64) string {
	if missing := frame.Few(figures["overlapping"], 20, "operations that overlapped a change by another client"); missing != "" {
		return missing
	}
	return frame.Few(figures["lost_cas"], 1, "compare-and-sets that lost against another client")
}
