package zklab_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// A run is judged with the transactions beside its record; without them, or
// when they are damaged, it is judged by the record alone.
func TestJudgeReadsTransactions(t *testing.T) {
	t.Parallel()
	o := virtually(t, zklab.Experiment{Workload: ownLock(), TimeLimit: 10 * time.Second, Seed: 1, MinLoad: -1})
	cases := []struct {
		name     string
		spoil    func(path string) error
		evidence string // of grant, which has no evidence without the log
		warned   bool
	}{
		{"whole", func(string) error { return nil }, "Z, L", false},
		{"damaged", func(path string) error { return os.WriteFile(path, []byte("{\"zxid\":"), 0o644) }, "", true},
		{"a folder", func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o755)
		}, "", true},
		{"absent", os.Remove, "", false},
	}
	for _, c := range cases {
		must.Do(t, c.spoil(o.Run.Transactions()))
		for _, path := range []string{o.Run.Dir, o.Run.History()} {
			run := must.Get(store.Open("", path))(t)
			result, err := zklab.Judge(t.Context(), run, checker.Options{})
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			evidence := ""
			for _, v := range result.Verdicts {
				if v.Property == "grant" {
					evidence = v.Evidence
				}
			}
			if evidence != c.evidence {
				t.Errorf("%s, %s: grant rests on %q, want %q", c.name, path, evidence, c.evidence)
			}
			warned := strings.Contains(strings.Join(result.Warnings, "\n"), "transactions were left out")
			if warned != c.warned {
				t.Errorf("%s, %s: warnings %q", c.name, path, result.Warnings)
			}
		}
	}
}

// An earlier judgement's findings are found anew: its warning goes once the
// transactions can be read, whatever its words were; the warnings of the run itself
// stay.
func TestJudgeForgetsWhatItFound(t *testing.T) {
	t.Parallel()
	o := virtually(t, zklab.Experiment{Workload: ownLock(), TimeLimit: 2 * time.Second, Seed: 1, MinLoad: -1})
	path := o.Run.Transactions()
	whole := must.Get(os.ReadFile(path))(t)
	result, err := o.Run.ReadResult()
	if err != nil {
		t.Fatal(err)
	}
	result.Warnings = append(result.Warnings, "the run was slow", "once said otherwise")
	result.JudgedWarnings = append(result.JudgedWarnings, "once said otherwise")
	for _, spoilt := range []bool{true, true, false} {
		must.Do(t, o.Run.WriteResult(result))
		log := whole
		if spoilt {
			log = whole[:len(whole)/2]
		}
		must.Do(t, os.WriteFile(path, log, 0o644))
		if result, err = zklab.Judge(t.Context(), o.Run, checker.Options{}); err != nil {
			t.Fatal(err)
		}
		want := []string{"the run was slow"}
		if spoilt {
			want = append(want, "the committed transactions were left out")
		}
		if got := result.Warnings; len(got) != len(want) || got[0] != want[0] || spoilt && !strings.HasPrefix(got[1], want[1]) {
			t.Errorf("warnings %q, want %q", got, want)
		}
	}
}

// A result that cannot be read is reported, and its line named; the warnings in a
// result that an earlier zklab wrote stay.
func TestJudgeReadsTheResult(t *testing.T) {
	t.Parallel()
	o := virtually(t, zklab.Experiment{Workload: ownLock(), TimeLimit: 2 * time.Second, Seed: 1, MinLoad: -1})
	path := o.Run.Result()
	good := must.Get(os.ReadFile(path))(t)
	old := strings.Replace(string(good), "{\n", "{\n\"warnings\": [\"the run was slow\"],\n", 1)
	for text, want := range map[string]string{
		string(good):              "",
		old:                       "the run was slow",
		"{\n\"seed\": \"one\"\n}": "the run's own facts were left out because they cannot be read: " + path + ": line 2: seed is a string",
	} {
		must.Do(t, os.WriteFile(path, []byte(text), 0o644))
		result := must.Get(zklab.Judge(t.Context(), o.Run, checker.Options{}))(t)
		if got := strings.Join(result.Warnings, "\n"); !strings.HasPrefix(got, want) || want == "" && got != "" || strings.Contains(got, "\n") {
			t.Errorf("warnings %q, want %q", got, want)
		}
	}
}

// Operations that ran into a time-out are reported where no fault can be the reason.
func TestJudgeTellsOfSilence(t *testing.T) {
	t.Parallel()
	path := filepath.Join("docs", "checking", "answers.jsonl")
	record := must.Get(os.ReadFile(path))(t)
	const fault = `{"index":8,"time":3600000000,"process":"nemesis","client":-1,"type":"info","f":"reset","value":{"fault":1,"step":"inject"}}` + "\n"
	for text, want := range map[string]bool{string(record): true, string(record) + fault: false} {
		path := filepath.Join(t.TempDir(), "history.jsonl")
		must.Do(t, os.WriteFile(path, []byte(text), 0o644))
		run := must.Get(store.Open("", path))(t)
		result := must.Get(zklab.Judge(t.Context(), run, checker.Options{}))(t)
		if got := strings.Join(result.Warnings, "\n"); strings.Contains(got, "1 of 2 operations got no answer in time") != want {
			t.Errorf("warnings %q", got)
		}
	}
}

// A result names the zklab that decided, and the one that ran the experiment: the
// latter comes from experiment.yaml, even where there is no result.
func TestJudgeNamesBoth(t *testing.T) {
	t.Parallel()
	o := virtually(t, zklab.Experiment{Workload: ownLock(), TimeLimit: 2 * time.Second, Seed: 1, MinLoad: -1})
	if o.Result.Zklab != zklab.Version() || o.Result.RanBy != zklab.Version() {
		t.Errorf("a new run: decided by %q, run by %q", o.Result.Zklab, o.Result.RanBy)
	}
	x, err := store.ReadExperiment(o.Run.Experiment())
	if err != nil || x.Zklab != zklab.Version() {
		t.Fatalf("stored: %q, %v", x.Zklab, err)
	}
	must.Do(t, os.Remove(o.Run.Result()))
	for _, ranBy := range []string{"v0.0.1", ""} {
		x.Zklab = ranBy
		must.Do(t, store.WriteExperiment(o.Run.Experiment(), x))
		result, err := zklab.Judge(t.Context(), o.Run, checker.Options{})
		if err != nil || result.Zklab != zklab.Version() || result.RanBy != ranBy {
			t.Errorf("decided by %q, run by %q, want %q; %v", result.Zklab, result.RanBy, ranBy, err)
		}
	}
}

// The transaction log convicts defects in whole runs.
func TestTheLogConvicts(t *testing.T) {
	t.Parallel()
	for property, w := range map[string]workloads.Workload{
		"grant": workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
			return &impatient{conn: c.Conn, path: path}, ensure(c.Conn, path)
		}},
		"log": workloads.Queue{New: func(c *subjects.Client, path string) (subjects.Queue, error) {
			q, err := subjects.NewQueue(c, path)
			return &forgetful{Queue: q}, err
		}},
	} {
		o := virtually(t, zklab.Experiment{Workload: w, TimeLimit: 10 * time.Second, Seed: 1, Keys: 2})
		if !runtest.Violated(o.Result, property) {
			t.Errorf("no violation of %s", property)
			runtest.Explain(t, o.Result)
		}
	}
}

func ensure(conn *zk.Conn, path string) error {
	_, err := conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

// impatient stands in line, and when its patience ends it behaves as if its turn had
// come.
type impatient struct {
	conn *zk.Conn
	path string
	node string
	made int64
}

func (l *impatient) Lock(ctx context.Context) (err error) {
	l.node, err = l.conn.Create(l.path+"/lock-", nil, zk.FlagEphemeral|zk.FlagSequence, zk.WorldACL(zk.PermAll))
	if err != nil {
		return err
	}
	_, stat, err := l.conn.Get(l.node)
	if err != nil {
		return err
	}
	l.made = stat.Czxid
	for until := time.Now().Add(15 * time.Millisecond); ctx.Err() == nil && time.Now().Before(until); time.Sleep(time.Millisecond) {
		names, _, err := l.conn.Children(l.path)
		if err != nil {
			return err
		}
		if l.path+"/"+slices.Min(names) == l.node {
			break
		}
	}
	return nil
}

func (l *impatient) Unlock(context.Context) error { return l.conn.Delete(l.node, -1) }
func (l *impatient) Fence() int64                 { return l.made }

// forgetful claims to have put in some items that it did not.
type forgetful struct {
	subjects.Queue
	puts int
}

func (q *forgetful) Put(ctx context.Context, item []byte) error {
	if q.puts++; q.puts%40 == 0 {
		return nil
	}
	return q.Queue.Put(ctx, item)
}
