package benchtable

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// results holds the measurements, in the order of the benchmarks.
type results struct {
	cpu   string
	rows  []row // of BenchmarkDecide
	files []row // of BenchmarkFile: model is the format
}

// row is one measurement.
type row struct {
	model      string
	operations int
	sort       sort
	defect     string
	of         map[string]float64 // by unit
}

// sort is what histories that differ only in their length have in common.
type sort struct {
	clients        int
	unknown, wrong bool
}

// read reads the results of BenchmarkDecide and BenchmarkFile.
func read(from io.Reader) (*results, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(text), "\n")
	r := &results{}
	in := benchfmt.NewReader(bytes.NewReader(text), "")
	for in.Scan() {
		switch x := in.Result().(type) {
		case *benchfmt.Result:
			if err := r.add(x); err != nil {
				_, line := x.Pos()
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
		case *benchfmt.SyntaxError:
			if line := lines[x.Line-1]; damaged(line) {
				return nil, fmt.Errorf("line %d: %s: %.80q", x.Line, x.Msg, line)
			}
		}
	}
	if err := in.Err(); err != nil {
		long := slices.IndexFunc(lines, func(line string) bool { return len(line) >= bufio.MaxScanTokenSize })
		return nil, fmt.Errorf("line %d: %w", long+1, errors.Unwrap(err))
	}
	if len(r.rows) == 0 {
		return nil, fmt.Errorf("no line begins with BenchmarkDecide/: feed it the output of go test -bench 'Decide|File' ./checker/linear")
	}
	return r, nil
}

// damaged reports whether a line that could not be read as a result should have been one. Lines of
// other benchmarks may tell why they were skipped; the line of an interrupted benchmark contains only
// its name.
func damaged(line string) bool {
	const fewest = 4 // a name, how often it ran, a number and its unit
	ours := strings.HasPrefix(line, "BenchmarkDecide/") || strings.HasPrefix(line, "BenchmarkFile/")
	return ours && len(strings.Fields(line)) >= fewest
}

// add adds a result if it is one of BenchmarkDecide or BenchmarkFile.
func (r *results) add(result *benchfmt.Result) error {
	r.cpu = strings.TrimSpace(result.GetConfig("cpu"))
	name := strings.Split(unnumbered(result.Name), "/")
	var into *[]row
	var x row
	var err error
	switch name[0] {
	case "Decide":
		into = &r.rows
		x, err = decided(name)
	case "File":
		into = &r.files
		x, err = ofFile(name)
	default:
		return nil
	}
	if err == nil {
		x.of, err = measures(result.Values)
	}
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(*into, x.same); i >= 0 {
		(*into)[i] = x // measured again
	} else {
		*into = append(*into, x)
	}
	return nil
}

// same reports whether two rows measure the same.
func (x row) same(y row) bool {
	return x.model == y.model && x.operations == y.operations && x.sort == y.sort
}

// unnumbered returns a benchmark's name without the number of processors.
func unnumbered(name benchfmt.Name) string {
	_, parts := name.Parts()
	if n := len(parts); n > 0 && bytes.HasPrefix(parts[n-1], []byte("-")) {
		name = name[:len(name)-len(parts[n-1])]
	}
	return string(name)
}

// decided parses a name BenchmarkDecide/MODEL/OPERATIONS/clients=N, perhaps followed by "unknown" and a
// defect.
func decided(name []string) (x row, err error) {
	if len(name) < 4 {
		return x, fmt.Errorf("expected BenchmarkDecide/MODEL/OPERATIONS/clients=N, found %.80q", "Benchmark"+strings.Join(name, "/"))
	}
	x.model = name[1]
	if x.operations, err = count(name[2]); err != nil {
		return x, err
	}
	clients, ok := strings.CutPrefix(name[3], "clients=")
	if x.sort.clients, err = strconv.Atoi(clients); !ok || err != nil {
		return x, fmt.Errorf("expected clients=N, found %.80q", name[3])
	}
	for _, more := range name[4:] {
		if more == "unknown" {
			x.sort.unknown = true
		} else {
			x.sort.wrong, x.defect = true, strings.ReplaceAll(more, "_", " ")
		}
	}
	return x, nil
}

// ofFile parses a name BenchmarkFile/FORMAT/OPERATIONS.
func ofFile(name []string) (x row, err error) {
	if len(name) != 3 {
		return x, fmt.Errorf("expected BenchmarkFile/FORMAT/OPERATIONS, found %.80q", "Benchmark"+strings.Join(name, "/"))
	}
	x.model = name[1]
	x.operations, err = count(name[2])
	return x, err
}

func count(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("expected a number of operations, found %.80q", text)
	}
	return n, nil
}

// measures returns the measured numbers by their units, as they were printed.
func measures(values []benchfmt.Value) (map[string]float64, error) {
	of := map[string]float64{}
	for _, v := range values {
		if v.OrigUnit != "" {
			v.Value, v.Unit = v.OrigValue, v.OrigUnit
		}
		if !(math.Abs(v.Value) < 1e15) {
			return nil, fmt.Errorf("expected a measured number before %.80q, found %v", v.Unit, v.Value)
		}
		of[v.Unit] = v.Value
	}
	return of, nil
}

// models lists the models that were measured.
func (r *results) models() []string {
	var all []string
	for _, x := range r.rows {
		if !slices.Contains(all, x.model) {
			all = append(all, x.model)
		}
	}
	return all
}

// of returns the rows of a model's histories of one sort, the shortest first.
func (r *results) of(model string, s sort) []row {
	var all []row
	for _, x := range r.rows {
		if x.model == model && x.sort == s {
			all = append(all, x)
		}
	}
	slices.SortFunc(all, func(x, y row) int { return x.operations - y.operations })
	return all
}
