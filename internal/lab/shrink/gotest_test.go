package shrink

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// The tests of package zklab show that the written tests run.
func TestGoTest(t *testing.T) {
	x := finding(1)
	x.SessionTimeout, x.OpTimeout, x.TimeLimit = 4*time.Second, 1500*time.Millisecond, 1234567*time.Nanosecond
	x.Schedule[0].Seed, x.Schedule[0].Lane = 1<<64-1, 1
	x.Arrivals, x.Sources = []string{"client0#7", "all#2"}, []int{4}
	for name, want := range map[string][]string{
		"named": {
			`specimens.Named("lock", "broken")`, "func TestLockPlainReads(t *testing.T)", "Clients: 6, Rate: 60, Keys: 3, TimeLimit: 1234567 * time.Nanosecond",
			"SessionTimeout: 4 * time.Second, OpTimeout: 1500 * time.Millisecond", `step(t, "cut:client-0", "", plan.Step{At: 0 * time.Second, For: 1 * time.Second, Seed: 18446744073709551615, Lane: 1})`,
			"Sources: []int{4},", "{Client: 0, Number: 7}, {Client: -1, Number: 2}", `Spread: "tails"`,
		},
		"own": {"workload := workloads.Lock{New: newSubject}", "while the subject breaks the promise plain-reads", "PlayProcesses: true,"},
	} {
		y, own := x, ""
		if name == "own" {
			y.Subject, own = "", "workloads.Lock{New: newSubject}"
			y.ClientsAs = store.Process
		}
		source, ok, err := GoTest(y, "plain-reads", own)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		flat := strings.Join(strings.Fields(string(source)), " ") // gofmt aligns in columns
		if plays := strings.Contains(flat, "PlayProcesses"); plays != (y.ClientsAs == store.Process) {
			t.Errorf("%s: it plays processes: %t", name, plays)
		}
		for _, text := range want {
			if !strings.Contains(flat, text) {
				t.Errorf("%s: no %q in\n%s", name, text, source)
			}
		}
	}
	for name, change := range map[string]func(*store.Experiment){
		"real time": func(x *store.Experiment) { x.Simulate = false },
		"adapter":   func(x *store.Experiment) { x.SubjectCommand = "./adapter" },
		"nameless":  func(x *store.Experiment) { x.Subject = "" },
	} {
		y := x
		change(&y)
		if _, ok, err := GoTest(y, "exclusion", ""); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

// A fault is described in its own words or in those of its kind.
func TestWords(t *testing.T) {
	for want, f := range map[string]stats.Fault{
		"lose-reply:who=holder (client 2, lost the reply to getChildren, 1.203 s)": {Kind: "lose-reply", Spec: "lose-reply:who=holder", Clients: []int{2}, Detail: "lost the reply to getChildren", Verified: 1203 * time.Millisecond},
		"lose-reply (client 2: lost the reply to create, 0.500 s)":                 {Kind: "lose-reply", Spec: "lose-reply", Clients: []int{2}, Detail: "client 2: lost the reply to create", Injected: 500 * time.Millisecond},
		"cut:waiter (client 1 had its connection cut, 2.000 s)":                    {Kind: "cut", Spec: "cut:waiter", Clients: []int{1}, Injected: 2 * time.Second},
		"pause:leader (servers 1 and 3 were paused)":                               {Kind: "pause", Spec: "pause:leader", Servers: []int{1, 3}, Clients: []int{0}},
		"pause:server-of-client-0 (server 1 was paused)":                           {Kind: "pause", Spec: "pause:client-0", Servers: []int{1}, Clients: []int{0}},
		"cut:client-0 (client 0 had its connection cut)":                           {Kind: "cut", Spec: "cut:client-0", Servers: []int{1}, Clients: []int{0}},
		"touch": {Kind: "touch", Spec: "touch"},
	} {
		if got := Words(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A fault names the client that it hit, if there is only one and its kind can name clients.
func TestNamed(t *testing.T) {
	for _, test := range []struct {
		fault, want string
		hit         []int
	}{
		{"expire:holder", "expire:client-3", []int{3}},
		{"cut", "cut:client-3", []int{3}},
		{"lose-reply:any:times=3:who=holder", "lose-reply:any:times=3:who=client-3", []int{3}},
		{"lose-reply:delete", "lose-reply:delete:who=client-3", []int{3}},
		{"slow-link:holder:by=20ms:jitter=20ms", "slow-link:client-3:by=20ms:jitter=20ms", []int{3}},
		{"expire:client-2", "", []int{2}},
		{"expire:all", "", []int{0, 1}},
		{"touch", "", []int{1}},
		{"kill:leader", "", nil},
	} {
		s := shrinker{hit: map[int][]int{1: test.hit}}
		if got, _ := s.named(0, store.Scheduled{Fault: test.fault, For: time.Second}); got != test.want {
			t.Errorf("%s: %q, want %q", test.fault, got, test.want)
		}
	}
}

// A written test imports exactly the packages that it uses, whatever is left of the run.
func TestGoTestImports(t *testing.T) {
	packages := []string{"testing", "time", "zklab", "checker", "embedded", "plan", "specimens", "workloads"}
	for shape := range 64 {
		has := func(bit int) bool { return shape>>bit&1 == 1 }
		x, own := finding(1), ""
		x.Arrivals, x.Sources = nil, nil
		if has(0) {
			x.Arrivals = []string{"client0#7"}
		}
		if has(1) {
			x.Sources = []int{4}
		}
		if has(2) {
			x.Schedule = nil
		}
		if has(3) {
			x.ClientsAs = store.Process
		}
		if has(4) {
			x.Subject, own = "", "workloads.Lock{New: newSubject}"
		}
		if has(5) {
			x.Subject, own, x.Latencies = "", "locks.Workload()", ""
		}
		source, ok, err := GoTest(x, "plain-reads", own)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		file := must.Get(parser.ParseFile(token.NewFileSet(), "shrunk_test.go", source, 0))(t)
		used, imported := map[string]bool{}, map[string]bool{}
		for _, i := range file.Imports {
			imported[path.Base(strings.Trim(i.Path.Value, `"`))] = true
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if of, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := of.X.(*ast.Ident); ok && slices.Contains(packages, id.Name) {
					used[id.Name] = true
				}
			}
			return true
		})
		if diff := cmp.Diff(used, imported); diff != "" {
			t.Errorf("-used +imported\n%s\n%s", diff, source)
		}
	}
}
