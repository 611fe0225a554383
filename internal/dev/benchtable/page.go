package benchtable

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
)

// lengths lists the lengths of the histories, in operations.
var lengths = []int{100, 1000, 10_000, 100_000, million}

const million = 1_000_000

// usual is the sort of histories with which the models are compared: porcupine does best with few
// clients.
var usual = sort{clients: 5}

const (
	nothing     = "–"
	notMeasured = "not measured"
)

// The bounds of porcupine in this text come from checker/linear's benchmark.
const legend = `[checkers-measured.csv](checkers-measured.csv) has, for each model and for 5, 20 and 100 clients, how long a history takes: valid, or with one
mistake near the end; with all outcomes known, or one in a hundred unknown. Each history is decided in a process of its own, once
it was loaded. Beside it porcupine decides the same operations with the same model, one key after another, within bounds: 30 s and
4 GB of states with 5 clients, 10 s with more, or 3 s and 1 GB where outcomes are unknown or something is wrong.

The columns:

- **100** to **1000000**: milliseconds of the processor, of all threads together, to decide a history of so many operations.
- **wall-clock**: milliseconds by the clock, of the longest history; **MB**: the peak memory of the process for it.
- **growth**: the exponent between 100,000 and 1,000,000 operations: 1 is linear, n log n has 1.08.
- **porcupine's largest**: the longest history that porcupine decided; **its ms** and **its MB** are what that took, and **times**
  how many times as long as the fast procedure.
- **gave up at**: the shortest history that porcupine gave up.

A dash says that there is no such thing. "Undecided" are histories that neither the fast procedure nor a search of 10 s decides.
`

// kinds are the sorts of histories, apart from the number of clients.
var kinds = []struct {
	title          string
	unknown, wrong bool
}{
	{"Valid, every outcome known", false, false},
	{"Valid, one outcome in a hundred unknown", true, false},
	{"One mistake near the end, every outcome known", false, true},
	{"One mistake near the end, one outcome in a hundred unknown", true, true},
}

// write writes the page, which has the tables for 5 clients, and a CSV file with the tables for all
// numbers of clients.
func write(w, all io.Writer, r *results, machine string, now time.Time) error {
	out := bufio.NewWriter(w)
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	say("# The fast checkers, measured\n")
	say("%s, %s. Made by `make bench-table`, of what `make bench` measures.\n", now.UTC().Format("2 January 2006"), machine)
	say("%s", legend)
	say("## In short\n")
	for _, line := range r.inShort() {
		say("- %s", line)
	}
	say("\n## Whole files\n")
	say("A file of a register's operations, by 20 clients, from its first byte to the verdict, as `zklab check` does it.\n")
	say("| format | operations | file MB | ms | wall-clock | MB |\n|---|--:|--:|--:|--:|--:|")
	for _, f := range r.files {
		say("| %s | %s | %s | %s | %s | %s |", f.model, grouped(f.operations), number(f.of["file-MB"]), number(f.of["cpu-ms"]), number(f.of["ms"]), number(f.of["peak-MB"]))
	}
	if len(r.files) == 0 {
		say("| %s | | | | | |", notMeasured)
	}
	return cmp.Or(out.Flush(), r.csv(all))
}

// columns lists the columns of a table after the model and the lengths.
var columns = []string{"wall-clock", "MB", "growth", "porcupine's largest", "its ms", "its MB", "times", "gave up at"}

// csv writes the tables of all sorts of histories as one, with numbers that are not grouped.
func (r *results) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"histories", "clients", "model"}
	for _, n := range lengths {
		head = append(head, strconv.Itoa(n))
	}
	if err := out.Write(append(head, columns...)); err != nil {
		return err
	}
	for _, of := range kinds {
		for _, clients := range []int{5, 20, 100} {
			for _, m := range r.models() {
				row := []string{of.title, strconv.Itoa(clients)}
				for _, cell := range r.cells(m, sort{clients, of.unknown, of.wrong}) {
					row = append(row, strings.ReplaceAll(cell, ",", ""))
				}
				if err := out.Write(row); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

// cells returns the row of a model in the table of one sort of histories.
func (r *results) cells(model string, s sort) []string {
	rows := r.of(model, s)
	if len(rows) == 0 {
		return append([]string{model, notMeasured}, make([]string, len(lengths)+7)...)
	}
	cells := []string{model}
	if s.wrong {
		cells[0] += ": " + rows[0].defect
	}
	for _, n := range lengths {
		x, found := at(rows, n)
		switch {
		case found && x.of["undecided"] > 0:
			cells = append(cells, number(x.of["cpu-ms"])+" undecided")
		case found:
			cells = append(cells, number(x.of["cpu-ms"]))
		case s.wrong && n < rows[0].operations:
			cells = append(cells, nothing)
		default:
			cells = append(cells, notMeasured)
		}
	}
	longest := rows[len(rows)-1]
	before, _ := at(rows, million/10)
	last, _ := at(rows, million)
	cells = append(cells, number(longest.of["ms"]), number(longest.of["peak-MB"]), grew(before, last))
	return append(cells, besides(rows)...)
}

// besides returns porcupine's results.
func besides(rows []row) []string {
	best, up := largest(rows), 0
	for _, x := range slices.Backward(rows) {
		if x.of["porcupine-gave-up"] > 0 {
			up = x.operations
		}
	}
	upTo, gaveUp := grouped(best.operations), grouped(up)
	switch {
	case up > 0 || best.operations == million:
	case best.operations > 0:
		gaveUp = "not asked further"
	default:
		upTo = "not asked"
	}
	return []string{upTo, number(best.of["porcupine-cpu-ms"]), number(best.of["porcupine-peak-MB"]), number(best.of["times"]), gaveUp}
}

// inShort returns lines with the worst measurements; all others are better.
func (r *results) inShort() []string {
	lines := []string{"A million operations: " + notMeasured + "."}
	if long := ofAMillion(r.rows); len(long) > 0 {
		slow, big := most(long, "cpu-ms"), most(long, "peak-MB")
		lines[0] = fmt.Sprintf("A million operations, in any of %d histories, take at most %s ms (%s) and %s MB (%s).",
			len(long), number(slow.of["cpu-ms"]), slow, number(big.of["peak-MB"]), big)
	}
	if x := r.nearest(); x.model != "" {
		lines = append(lines, fmt.Sprintf("With 5 clients and nothing unknown or wrong, where porcupine does best, it is nearest for %s: it takes %s times as long for %s operations, the most that it decided.",
			x.model, number(x.of["times"]), grouped(x.operations)))
	}
	if files := ofAMillion(r.files); len(files) > 0 {
		slow, big := most(files, "ms"), most(files, "peak-MB")
		lines = append(lines, fmt.Sprintf("A file of a million operations takes at most %s ms by the clock (%s) and %s MB (%s).",
			number(slow.of["ms"]), slow.model, number(big.of["peak-MB"]), big.model))
	}
	return lines
}

func ofAMillion(of []row) []row {
	return slices.DeleteFunc(slices.Clone(of), func(x row) bool { return x.operations != million })
}

// most returns the row with the largest measurement in a unit.
func most(of []row, unit string) row {
	return slices.MaxFunc(of, func(x, y row) int { return cmp.Compare(x.of[unit], y.of[unit]) })
}

// nearest takes, for each model, the longest history that porcupine decided, and returns the one for
// which porcupine's time was the smallest multiple of zklab's.
func (r *results) nearest() row {
	var near row
	for _, m := range r.models() {
		x := largest(r.of(m, usual))
		if x.operations > 0 && (near.operations == 0 || x.of["times"] < near.of["times"]) {
			near = x
		}
	}
	return near
}

// largest returns the row of the longest history that porcupine decided.
func largest(rows []row) row {
	var best row
	for _, x := range rows {
		if x.of["porcupine-cpu-ms"] > 0 {
			best = x
		}
	}
	return best
}

// String describes a row in words: queue, 5 clients, unknown, swapped.
func (x row) String() string {
	text := fmt.Sprintf("%s, %d clients", x.model, x.sort.clients)
	if x.sort.unknown {
		text += ", unknown outcomes"
	}
	if x.sort.wrong {
		text += ", " + x.defect
	}
	return text
}

// at returns the row of the histories with n operations.
func at(rows []row, n int) (row, bool) {
	i := slices.IndexFunc(rows, func(x row) bool { return x.operations == n })
	if i < 0 {
		return row{}, false
	}
	return rows[i], true
}

// grew returns the exponent with which the time grows between two rows, the second of which has ten
// times the operations.
func grew(from, to row) string {
	x, y := from.of["cpu-ms"], to.of["cpu-ms"]
	if x <= 0 || y <= 0 {
		return notMeasured
	}
	return strconv.FormatFloat(math.Log10(y/x), 'f', 2, 64)
}

// number returns a measurement with three significant digits, or a dash if there is none.
func number(x float64) string {
	switch {
	case x <= 0:
		return nothing
	case x < 1:
		return strconv.FormatFloat(x, 'f', 3, 64)
	case x < 100:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return grouped(int(x + 0.5))
}

// grouped returns a number with its thousands set apart, or a dash if there is none.
func grouped(n int) string {
	if n == 0 {
		return nothing
	}
	return prose.Grouped(n)
}
