// Command benchtable makes docs/checkers-measured.md of what BenchmarkDecide of
// checker/linear prints:
//
//	go test -run '^$' -bench Decide -timeout 60m ./checker/linear | go run ./internal/benchtable -machine "2 cores" > docs/checkers-measured.md
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	machine := flag.String("machine", "", "what the machine is, in a few words")
	flag.Parse()
	rows, err := read(os.Stdin)
	if err == nil {
		err = write(os.Stdout, rows, *machine, time.Now())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// row is one measurement.
type row struct {
	model, kind string // kind: clients, unknowns, the defect
	operations  int
	of          map[string]float64 // by unit
}

// read takes the lines of BenchmarkDecide.
func read(r io.Reader) ([]row, error) {
	var rows []row
	lines := bufio.NewScanner(r)
	at := 0
	for lines.Scan() {
		at++
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "BenchmarkDecide/") {
			continue
		}
		x, err := parse(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", at, err)
		}
		if i := slices.IndexFunc(rows, x.same); i >= 0 {
			rows[i] = x // measured again
		} else {
			rows = append(rows, x)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", at+1, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("no line begins with BenchmarkDecide/: feed it the output of go test -bench Decide ./checker/linear")
	}
	return rows, nil
}

// parse reads the fields of one line: a name, how often, and numbers with units.
func parse(fields []string) (row, error) {
	name := strings.Split(fields[0], "/")
	if len(name) < 4 {
		return row{}, fmt.Errorf("expected BenchmarkDecide/MODEL/OPERATIONS/clients=N, found %.80q", fields[0])
	}
	last := &name[len(name)-1]
	if i := strings.LastIndexByte(*last, '-'); i > 0 { // the processors
		*last = (*last)[:i]
	}
	n, err := strconv.Atoi(name[2])
	if err != nil || n < 0 {
		return row{}, fmt.Errorf("expected a number of operations, found %.80q", name[2])
	}
	x := row{name[1], strings.Join(name[3:], ", "), n, map[string]float64{}}
	for i := 2; i+1 < len(fields); i += 2 {
		measured, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || !(math.Abs(measured) < 1e15) {
			return row{}, fmt.Errorf("expected a measured number before %.80q, found %.80q", fields[i+1], fields[i])
		}
		x.of[fields[i+1]] = measured
	}
	return x, nil
}

// same says whether two rows measure the same.
func (x row) same(y row) bool {
	return x.model == y.model && x.kind == y.kind && x.operations == y.operations
}

// usual is the kind of history that models are compared by: porcupine does best
// with few clients.
const usual = "clients=5"

const million = 1_000_000

func write(w io.Writer, rows []row, machine string, now time.Time) error {
	out := bufio.NewWriter(w)
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	var models []string
	for _, r := range rows {
		if len(models) == 0 || models[len(models)-1] != r.model {
			models = append(models, r.model)
		}
	}
	say("# The fast checkers, measured\n")
	say("%s%s. Made by", now.UTC().Format("2 January 2006"), and(machine))
	say("\n    go test -run '^$' -bench Decide -timeout 60m ./checker/linear | go run ./internal/benchtable > docs/checkers-measured.md\n")
	say("Each history is decided in a process of its own, after it was read. Milliseconds are the processor's, of all")
	say("threads together, the best of some runs; MB is the most that the process held (VmHWM, the history included).")
	say("porcupine has the same histories, 3 s and 600 MB for each; of 100,000 operations, where nothing is unknown or wrong,")
	say("10 s and 2 GB. It is not asked about longer ones.\n")
	say("## Beside porcupine: 5 clients, valid, no unknown outcomes\n")
	say("| model | 1,000 ms | 10,000 ms | 100,000 ms | 1,000,000 ms | MB | growth | porcupine's largest | its ms | its MB | times |")
	say("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, m := range models {
		at := func(n int, unit string) float64 { return find(rows, m, usual, n).of[unit] }
		p := largest(rows, m, usual)
		say("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |", m, number(at(1000, "cpu-ms")), number(at(10_000, "cpu-ms")), number(at(100_000, "cpu-ms")),
			number(at(million, "cpu-ms")), number(at(million, "peak-MB")), growth(at(100_000, "cpu-ms"), at(million, "cpu-ms")),
			grouped(p.operations), number(p.of["porcupine-cpu-ms"]), number(p.of["porcupine-peak-MB"]), number(p.of["times"]))
	}
	say("\nGrowth is the exponent between 100,000 and 1,000,000 operations: 1 is linear, n log n has 1.08. A dash means that")
	say("there is nothing to compare: porcupine has no model of sets here, or decided none of the histories.\n")
	say("A million operations are decided once, in a process that has just begun, and are more than the processor's caches")
	say("hold; shorter histories are decided again and again: so growth looks steeper than it is. Registers by key (kv) are")
	say("many short histories, which porcupine searches one by one: there it is nearest.\n")
	say("## A million operations of every kind\n")
	say("| model | history | ms | wall-clock ms | MB |\n|---|---|--:|--:|--:|")
	for _, r := range rows {
		if r.operations == million {
			say("| %s | %s | %s | %s | %s |", r.model, r.kind, number(r.of["cpu-ms"]), number(r.of["ms"]), number(r.of["peak-MB"]))
		}
	}
	say("\n## Where porcupine gave up\n")
	say("| model | history | largest decided | its ms | times | gave up at |\n|---|---|--:|--:|--:|--:|")
	for _, m := range models {
		for _, kind := range kinds(rows, m) {
			p, up := largest(rows, m, kind), gaveUp(rows, m, kind)
			if p.operations+up > 0 {
				say("| %s | %s | %s | %s | %s | %s |", m, kind, grouped(p.operations), number(p.of["porcupine-cpu-ms"]), number(p.of["times"]), grouped(up))
			}
		}
	}
	return out.Flush()
}

func and(machine string) string {
	if machine == "" {
		return ""
	}
	return ", " + machine
}

func find(rows []row, model, kind string, operations int) row {
	for _, r := range rows {
		if r.model == model && r.kind == kind && r.operations == operations {
			return r
		}
	}
	return row{}
}

// kinds are those of a model's rows, each once.
func kinds(rows []row, model string) []string {
	var all []string
	seen := map[string]bool{}
	for _, r := range rows {
		if r.model == model && !seen[r.kind] {
			seen[r.kind] = true
			all = append(all, r.kind)
		}
	}
	return all
}

// largest is the longest history of a sort that porcupine decided.
func largest(rows []row, model, kind string) row {
	var best row
	for _, r := range rows {
		if r.model == model && r.kind == kind && r.of["porcupine-cpu-ms"] > 0 && r.operations > best.operations {
			best = r
		}
	}
	return best
}

// gaveUp is how long the shortest history of a sort was that porcupine gave up.
func gaveUp(rows []row, model, kind string) int {
	for _, r := range rows {
		if r.model == model && r.kind == kind && r.of["porcupine-gave-up"] > 0 {
			return r.operations
		}
	}
	return 0
}

// growth is the exponent of a time that went from x to y with ten times the
// operations.
func growth(x, y float64) string {
	if x <= 0 || y <= 0 {
		return "–"
	}
	return strconv.FormatFloat(math.Log10(y/x), 'f', 2, 64)
}

// number is a measurement in three figures, or a dash for none.
func number(x float64) string {
	switch {
	case x <= 0:
		return "–"
	case x < 1:
		return strconv.FormatFloat(x, 'f', 3, 64)
	case x < 100:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return grouped(int(x + 0.5))
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	if n == 0 {
		return "–"
	}
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
