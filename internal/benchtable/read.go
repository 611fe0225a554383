package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// results are what was measured, in the order of the benchmarks.
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

// sort is what histories have in common that differ in their length.
type sort struct {
	clients        int
	unknown, wrong bool
}

// read takes the lines of BenchmarkDecide and BenchmarkFile.
func read(from io.Reader) (*results, error) {
	r := &results{}
	lines := bufio.NewScanner(from)
	at := 0
	for lines.Scan() {
		at++
		line := lines.Text()
		if cpu, ok := strings.CutPrefix(line, "cpu: "); ok {
			r.cpu = strings.TrimSpace(cpu)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		name := strings.Split(unnumbered(fields[0]), "/")
		var into *[]row
		var x row
		var err error
		switch name[0] {
		case "BenchmarkDecide":
			into = &r.rows
			x, err = decided(name)
		case "BenchmarkFile":
			into = &r.files
			x, err = ofFile(name)
		default:
			continue
		}
		if err == nil {
			x.of, err = measures(fields[2:])
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", at, err)
		}
		if i := slices.IndexFunc(*into, x.same); i >= 0 {
			(*into)[i] = x // measured again
		} else {
			*into = append(*into, x)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", at+1, err)
	}
	if len(r.rows) == 0 {
		return nil, fmt.Errorf("no line begins with BenchmarkDecide/: feed it the output of go test -bench 'Decide|File' ./checker/linear")
	}
	return r, nil
}

// same says whether two rows measure the same.
func (x row) same(y row) bool {
	return x.model == y.model && x.operations == y.operations && x.sort == y.sort
}

// unnumbered is a benchmark's name without the number of processors.
func unnumbered(name string) string {
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		if _, err := strconv.Atoi(name[i+1:]); err == nil {
			return name[:i]
		}
	}
	return name
}

// decided is BenchmarkDecide/MODEL/OPERATIONS/clients=N, then perhaps unknown and
// a defect.
func decided(name []string) (x row, err error) {
	if len(name) < 4 {
		return x, fmt.Errorf("expected BenchmarkDecide/MODEL/OPERATIONS/clients=N, found %.80q", strings.Join(name, "/"))
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

// ofFile is BenchmarkFile/FORMAT/OPERATIONS.
func ofFile(name []string) (x row, err error) {
	if len(name) != 3 {
		return x, fmt.Errorf("expected BenchmarkFile/FORMAT/OPERATIONS, found %.80q", strings.Join(name, "/"))
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

// measures are numbers and their units.
func measures(fields []string) (map[string]float64, error) {
	of := map[string]float64{}
	for i := 0; i+1 < len(fields); i += 2 {
		x, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || !(math.Abs(x) < 1e15) {
			return nil, fmt.Errorf("expected a measured number before %.80q, found %.80q", fields[i+1], fields[i])
		}
		of[fields[i+1]] = x
	}
	return of, nil
}

// models are those that were measured.
func (r *results) models() []string {
	var all []string
	for _, x := range r.rows {
		if !slices.Contains(all, x.model) {
			all = append(all, x.model)
		}
	}
	return all
}

// of are the rows of a model's histories of one sort, the shortest first.
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
