// Package changes measures the test suite: it draws small changes of zklab's own code, and asks which tests fail with
// each of them. A change that no test notices is said to survive. Compare the survivors of two commits before tests are
// removed.
//
//	go run ./internal/dev changes --in checker,faults --number 100 --seed 1 --record bin/changes.jsonl
//
// No file is changed: the go command reads each changed file in place of the original (-overlay). It must not import
// what it changes.
package changes

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/dev/jsonlines"
)

// The outcomes of a change.
const (
	killed   = "killed"       // a test failed
	survived = "survived"     // all tests passed
	invalid  = "not compiled" // the change is no program
)

// result is what became of a change: a line of the record.
type result struct {
	Change  edit
	Outcome string
	By      []string      // the tests that failed, with their packages
	Passed  int           // packages whose tests passed
	Took    time.Duration // wall time of all tests
}

// Command is "dev changes".
func Command() *cobra.Command {
	var s sample
	cmd := &cobra.Command{
		Use: "changes", Short: "Draw small changes of the code, and print which tests notice each", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&s.in, "in", []string{"checker", "faults", "link", "cli", "explain", "reports"}, "the folders whose code is changed")
	f.IntVar(&s.number, "number", 100, "the number of changes")
	f.Uint64Var(&s.seed, "seed", 1, "the seed of the draw")
	f.StringVar(&s.record, "record", "bin/changes.jsonl", "the file of the results; changes that it has are not tried again")
	f.IntVar(&s.most, "most", 12, "the most packages whose tests are run for a change: its own, those that import it directly, then the others")
	f.BoolVar(&s.all, "all", false, "run the tests of all these packages, instead of stopping at the first that fails")
	f.StringSliceVar(&s.without, "without", nil, "folders whose tests are not run")
	return cmd
}

// sample is a draw of changes.
type sample struct {
	in, without  []string
	number, most int
	seed         uint64
	record       string
	all          bool
}

func (s sample) run(ctx context.Context, out io.Writer) error {
	sites, err := sitesIn(s.in)
	if err != nil {
		return err
	}
	packages, err := list(ctx)
	if err != nil {
		return err
	}
	results, err := jsonlines.Read[result](s.record)
	if err != nil {
		return err
	}
	done := map[edit]result{}
	for _, r := range results {
		done[r.Change] = r
	}
	random := rand.New(rand.NewPCG(s.seed, 0))
	random.Shuffle(len(sites), func(i, j int) { sites[i], sites[j] = sites[j], sites[i] })
	count := map[string]int{}
	for _, e := range sites {
		if count[killed]+count[survived] == s.number {
			break
		}
		r, ok := done[e]
		if !ok {
			if r, err = s.try(ctx, e, packages); err != nil {
				return err
			}
			if err := jsonlines.Add(s.record, r); err != nil {
				return err
			}
		}
		count[r.Outcome]++
		fmt.Fprintf(out, "%3d %s %s: %s\n", count[killed]+count[survived], e, r.Outcome, strings.Join(r.By, " "))
	}
	_, err = fmt.Fprintf(out, "seed %d of %d places in %s: %d killed, %d survived, %d not compiled\n", s.seed, len(sites), strings.Join(s.in, ", "),
		count[killed], count[survived], count[invalid])
	return err
}

// try runs the tests of the packages that a change can reach.
func (s sample) try(ctx context.Context, e edit, packages []goPackage) (result, error) {
	dir, err := os.MkdirTemp("", "zklab-change")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	overlay, err := e.overlay(dir)
	if err != nil {
		return result{}, err
	}
	r, began := result{Change: e, Outcome: survived}, time.Now()
	tests := slices.DeleteFunc(reached(packages, e.File), func(test string) bool { return slices.Contains(s.without, test) })
	for _, test := range tests[:min(s.most, len(tests))] {
		failed, compiled, err := perform(ctx, overlay, test)
		switch {
		case err != nil:
			return result{}, err
		case !compiled:
			return result{Change: e, Outcome: invalid, Took: time.Since(began)}, nil
		case len(failed) == 0:
			r.Passed++
			continue
		}
		r.Outcome, r.By = killed, append(r.By, failed...)
		if !s.all {
			break
		}
	}
	r.Took = time.Since(began)
	return r, nil
}

var (
	failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)
	unbuilt    = regexp.MustCompile(`(?m)^FAIL\s.*\[(build|setup) failed\]$`)
)

// perform runs the tests of a package. It returns those that failed: the name of the package alone if the process
// failed outside a test, as after a panic or a timeout.
func perform(ctx context.Context, overlay, folder string) (failed []string, compiled bool, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-vet=off", "-timeout", "10m", "-overlay", overlay, "./"+folder)
	out, err := cmd.CombinedOutput()
	switch exited := (*exec.ExitError)(nil); {
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case err == nil:
		return nil, true, nil
	case !errors.As(err, &exited):
		return nil, false, err
	case unbuilt.Match(out):
		return nil, false, nil
	}
	for _, found := range failedTest.FindAllSubmatch(out, -1) {
		failed = append(failed, folder+"."+string(found[1]))
	}
	if failed == nil {
		failed = []string{folder}
	}
	return failed, true, nil
}

// goPackage is a package of this module.
type goPackage struct {
	ImportPath, Dir                     string
	Deps                                []string // of the package, without its tests
	TestImports, XTestImports           []string
	TestGoFiles, XTestGoFiles, testDeps []string
}

// list returns the packages of this module, with testDeps filled in.
func list(ctx context.Context) (all []goPackage, err error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Dir,Deps,TestImports,XTestImports,TestGoFiles,XTestGoFiles", "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	deps := map[string][]string{}
	for in := json.NewDecoder(bytes.NewReader(out)); in.More(); {
		var p goPackage
		if err := in.Decode(&p); err != nil {
			return nil, err
		}
		all, deps[p.ImportPath] = append(all, p), p.Deps
	}
	for i := range all {
		p := &all[i]
		p.testDeps = slices.Clone(p.Deps)
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			p.testDeps = append(p.testDeps, deps[imported]...)
		}
	}
	return all, nil
}

// reached returns the folders of the packages whose tests a change of a file can reach: first its own, then those that
// import its package directly, those with the fewest dependencies first.
func reached(all []goPackage, file string) (folders []string) {
	here, err := os.Getwd()
	if err != nil {
		return nil
	}
	changed := slices.IndexFunc(all, func(p goPackage) bool { return p.Dir == filepath.Join(here, filepath.Dir(file)) })
	if changed < 0 {
		return nil
	}
	path, rank := all[changed].ImportPath, map[string]int{}
	for _, p := range all {
		folder, err := filepath.Rel(here, p.Dir)
		if err != nil || len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			continue
		}
		switch {
		case p.ImportPath == path:
			rank[folder] = 0
		case slices.Contains(slices.Concat(p.TestImports, p.XTestImports), path):
			rank[folder] = 1 + len(p.testDeps)
		case slices.Contains(p.testDeps, path):
			rank[folder] = 1_000_000 + len(p.testDeps)
		default:
			continue
		}
		folders = append(folders, folder)
	}
	slices.SortFunc(folders, func(a, b string) int { return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a, b)) })
	return folders
}
