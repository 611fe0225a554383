package linear

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/base/nearest"
)

// Model is a kind of object, and the names of its operations.
type Model struct {
	name      string // semaphore:3
	parameter int64  // 3; 1 if the model has none
	kind      *kind
}

// kind is a model without its parameter.
type kind struct {
	name    string
	about   string
	example string // an invocation, as a line of EDN
	ops     []string
	// load fills in an operation's code and values: at its invocation, and again at a completion
	// with ok. Its error describes what was expected.
	load    func(l *loader, o *op, e *foreign.Event, v foreign.Value) error
	decide  func(k *object) finding
	machine func(k *object) machine
	traits
}

// parameter is the number in a model's name.
type parameter struct {
	is          string // what the number is: the number of permits
	example     int64
	least, most int64
}

var (
	permits = &parameter{"number of permits", 3, 1, mostPermits}
	total   = &parameter{"total of all balances", 100, 0, 1 << 62}
)

// traits holds what matters about a model beyond its own loading and deciding.
type traits struct {
	held    bool // only the process that acquired may release; a hold lasts from one to the other
	nests   bool // a holder may acquire again, and releases as often
	fenced  bool // an acquire returns a token, which is greater than that of every earlier hold
	several bool // an operation's value is how many it takes or gives back at once
	keyed   bool // an operation must name its key
	begun   bool // it begins with a value that the history does not show
	counts  bool // its values are the numbers themselves
	lifo    bool // the youngest value comes out first, and its operations are called push and pop
	least   bool // the least value comes out first, rather than the oldest
	banks   bool // its reads show balances
	param   *parameter
	// exercised returns the reason why nothing in a history can have been wrong, or "" if something
	// can have been.
	exercised func(h *History) string
	// tally counts everything that is wrong with a key. nil: its anomalies cannot be
	// counted.
	tally func(k *object) tally
	timed bool // for a set whose last read counts: the times of adds are considered
	tried bool // a failed operation may still have had an effect (Jepsen's checks ask whether a process tried to add an element, not how it ended)
}

// counterOps are the operations of counters.
var counterOps = []string{"add", "inc", "increment", "add-and-get", "dec", "decrement", "read"}

// kinds is filled by init, because the functions of the kinds refer to it.
var kinds []*kind

func init() {
	kinds = []*kind{
		{"register", "a register that is read and written; begins as nil", "{:process 0, :type :invoke, :f :write, :value 3}", []string{"read", "write"}, loadRegister, decideRegister, newRegister, traits{begun: true}},
		{"cas-register", "a register with compare-and-set, too: :value [old new]", "{:process 0, :type :invoke, :f :cas, :value [3 4]}", []string{"read", "write", "cas"}, loadRegister, decideRegister, newRegister, traits{begun: true}},
		{"kv", "registers by key, with append of text; begin as nil (porcupine-kv: \"\")", `{:process 0, :type :invoke, :f :put, :key "7", :value "x"}`, []string{"get", "read", "put", "write", "append", "cas", "delete"}, loadRegister, decideRegister, newRegister, traits{begun: true, keyed: true}},
		{"mutex", "a lock that anybody may release", "{:process 0, :type :invoke, :f :acquire, :value nil}", []string{"acquire", "release"}, loadPermits, decidePermits, newPermits, traits{}},
		{"lock", "a lock that only its holder, a process, may release", "{:process 0, :type :invoke, :f :acquire, :value nil}", []string{"acquire", "release"}, loadPermits, decideHolds, newHolds, traits{held: true}},
		{"reentrant-lock", "a lock that its holder may acquire again, and has to release as often", "{:process 0, :type :invoke, :f :acquire, :value nil}", []string{"acquire", "release"}, loadPermits, decideNested, newNested, traits{held: true, nests: true}},
		{"fenced-lock", "a lock whose acquire answers a token, :value, that is greater than those of all holds before; nil is none", "{:process 0, :type :ok, :f :acquire, :value 7}", []string{"acquire", "release"}, loadFenced, decideHolds, newNested, traits{held: true, fenced: true}},
		{"reentrant-fenced-lock", "both: what is acquired again has the token of its hold", "{:process 0, :type :ok, :f :acquire, :value 7}", []string{"acquire", "release"}, loadFenced, decideNested, newNested, traits{held: true, nests: true, fenced: true}},
		{"semaphore:N", "N permits (semaphore:3), taken and given back one by one, or :value at once; anybody may give back", "{:process 0, :type :invoke, :f :acquire, :value 1}", []string{"acquire", "release"}, loadPermits, decidePermits, newPermits, traits{several: true, param: permits}},
		{"queue", "first in, first out; a dequeue of nil found it empty, :drain is dequeues until then, in the order of its list", "{:process 0, :type :invoke, :f :enqueue, :value 3}", []string{"enqueue", "dequeue", "drain"}, loadQueue, decideQueue, newQueue, traits{tally: tallyQueue}},
		{"stack", "last in, first out; a pop of nil found it empty", "{:process 0, :type :invoke, :f :push, :value 3}", []string{"push", "pop"}, loadStack, decideStack, newStack, traits{lifo: true, tally: tallyQueue}},
		{"bag", "a queue that gives its items in any order", "{:process 0, :type :invoke, :f :enqueue, :value 3}", []string{"enqueue", "dequeue", "drain"}, loadQueue, decideBag, newBag, traits{tally: tallyQueue}},
		{"total-queue", "all comes out that went in, in any order, once or more often: Jepsen's total-queue", "{:process 0, :type :ok, :f :drain, :value [3 4]}", []string{"enqueue", "dequeue", "drain"}, loadQueue, decideTotal, nil, traits{tried: true, tally: tallyTotal}},
		{"priority-queue", "a queue that gives the least number first", "{:process 0, :type :invoke, :f :enqueue, :value 3}", []string{"enqueue", "dequeue", "drain"}, loadPriority, decidePriority, newPriority, traits{least: true, tally: tallyQueue}},
		{"set", "elements are added; the last read must show all whose add succeeded, and nothing that nobody tried to add, at any time: Jepsen's set", "{:process 0, :type :invoke, :f :add, :value 3}", []string{"add", "read"}, loadSet, decideSetRead, nil, traits{tried: true, tally: tallySet}},
		{"final-set", "elements are added; the last read must show all whose add had succeeded before it began, and none whose add had not begun when it ended", "{:process 0, :type :invoke, :f :add, :value 3}", []string{"add", "read"}, loadSet, decideLastRead, newLastRead, traits{tried: true, timed: true, tally: tallySet}},
		{"linear-set", "elements are added and perhaps removed, and every read shows all there are", "{:process 0, :type :invoke, :f :read, :value nil}", []string{"add", "remove", "read"}, loadSet, decideSet, newSet, traits{timed: true, tally: tallySet}},
		{"set-full", "elements are added; one that is known to be there must not be lost: missing in a read and in all that begin later. Reads may be stale: Jepsen's set-full", "{:process 0, :type :ok, :f :read, :value #{3 4}}", []string{"add", "read"}, loadSet, decideSetFull, nil, traits{tried: true, timed: true, tally: tallySet}},
		{"set-full-linearizable", "the same, and no read may be stale: Jepsen's set-full with :linearizable? true", "{:process 0, :type :ok, :f :read, :value #{3 4}}", []string{"add", "read"}, loadSet, decideSetFullLinearizable, nil, traits{tried: true, timed: true, tally: tallySet}},
		{"unique-ids", "no id is returned twice: Jepsen's unique-ids", "{:process 0, :type :ok, :f :generate, :value 10}", []string{"generate"}, loadGenerate, decideUnique, nil, traits{exercised: twoIDs, tally: tallyIDs}},
		{"bank:N", "transfers between accounts; the balances of every read have the total N (bank:100), and none is below 0: Jepsen's bank", "{:process 0, :type :ok, :f :read, :value {0 10, 1 90}}", []string{"transfer", "read"}, loadBank, decideBank, nil, traits{banks: true, param: total, exercised: readTransfers}},
		{"bank-negative:N", "the same, but balances may be below 0: Jepsen's bank with :negative-balances? true", "{:process 0, :type :ok, :f :read, :value {0 -10, 1 110}}", []string{"transfer", "read"}, loadBank, decideOverdrawnBank, nil, traits{banks: true, param: total, exercised: readTransfers}},
		{"counter", "begins at 0; :add adds :value, :decrement takes it away; :increment answers the new value", "{:process 0, :type :invoke, :f :add, :value 1}", counterOps, loadCounter, decideCounter, newCounter, traits{counts: true, tally: tallyReads}},
		{"counter-bounds", "a counter whose reads show what is possible for each by itself: Jepsen's counter", "{:process 0, :type :invoke, :f :add, :value 1}", counterOps, loadCounter, decideBounds, nil, traits{counts: true, tally: tallyReads}},
		{"final-counter", "a counter that converges: each read with :final? true shows all adds that had succeeded, and any of those whose outcome is unknown; other reads may show anything: Maelstrom's g-counter and pn-counter", "{:process 0, :type :invoke, :f :read, :final? true}", counterOps, loadCounter, decideFinals, nil, traits{counts: true, exercised: finalReads, tally: tallyFinals}},
	}
}

// Description describes a model for people.
type Description struct {
	Name, About, Example string
	Operations           []string
}

// Models returns the descriptions of all models.
func Models() []Description {
	var ds []Description
	for _, k := range kinds {
		ds = append(ds, Description{k.name, k.about, k.example, k.ops})
	}
	return ds
}

// mostPermits is the maximum N of a semaphore.
const mostPermits = 1 << 20

// ParseModel returns the model with a name such as register or semaphore:3.
func ParseModel(name string) (Model, error) {
	base, number, has := strings.Cut(name, ":")
	for _, k := range kinds {
		kindBase, _, _ := strings.Cut(k.name, ":")
		p := k.param
		switch {
		case kindBase != base:
			continue
		case p != nil && !has:
			return Model{}, fmt.Errorf("model %s needs the %s: %s:%d", base, p.is, base, p.example)
		case has && p == nil:
			return Model{}, fmt.Errorf("model %s takes no number: say %s", base, base)
		case p == nil:
			return Model{name: name, parameter: 1, kind: k}, nil
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < p.least || n > p.most {
			return Model{}, fmt.Errorf("model %s: the %s is %q, expected one from %d to %d", base, p.is, number, p.least, p.most)
		}
		return Model{name: name, parameter: n, kind: k}, nil
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return Model{}, fmt.Errorf("unknown model %q%sknown are %s", name, nearest.DidYouMean(name, names), strings.Join(names, ", "))
}

// wayOut describes, for an error, what to do about an operation that the model does not
// have.
func (k *kind) wayOut(operation string) string {
	if operation == "txn" {
		return "; transactions of several operations are not decided here: Elle does that (https://github.com/jepsen-io/elle)"
	}
	var names []string
	for _, other := range kinds {
		if slices.Contains(other.ops, operation) {
			names = append(names, other.name)
		}
	}
	likely := k.likely(operation)
	switch _, err := strconv.Atoi(operation); {
	case err == nil && k.keyed:
		return "; porcupine's examples write 0 for get, 1 for put and 2 for append: --rename 0=get --rename 1=put --rename 2=append"
	case len(names) > 0 && (operation == "push" || operation == "pop") && likely != "": // a queue may call them so, too
		return fmt.Sprintf("; models that have %s: %s; if it is one of these by another name, say so: --rename %s=%s", operation, strings.Join(names, ", "), operation, likely)
	case len(names) > 0:
		return fmt.Sprintf("; models that have %s: %s", operation, strings.Join(names, ", "))
	case likely == "":
		return fmt.Sprintf("; if it is one of these by another name, say which: --rename %s=OPERATION", operation)
	}
	return fmt.Sprintf("; if it is one of these by another name, say so: --rename %s=%s", operation, likely)
}

// Name returns the model's name: register, semaphore:3.
func (m Model) Name() string { return m.name }

// Begins reports whether an object of the model has an initial value that the history does not
// show: a register has, and a counter, which usually begins as 0.
func (m Model) Begins() bool { return m.kind.begun || m.kind.counts }
