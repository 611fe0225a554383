package benchtable

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/perf/benchfmt"

	"github.com/zklab/zklab/internal/dev/command"
)

// SpecCommand is "dev spec-table".
func SpecCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "spec-table", Short: "Write into docs/own-objects.md what BenchmarkSpecification measured", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			costs, err := readSpecs(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return command.WriteInto(path, "spec-table", specTable(costs))
		},
	}
	cmd.Flags().StringVar(&path, "page", "docs/own-objects.md", "the page that has the table")
	return cmd
}

// specLengths are the lengths of the histories that the table has.
var specLengths = []int{1_000, 10_000, 100_000}

// specCosts holds the costs of a kind of state: nanoseconds by the number of calls, for each of the benchmarks
// "zklab" and "porcupine".
type specCosts struct {
	state string
	took  map[int]map[string]float64
}

// readSpecs reads the results of BenchmarkSpecification.
func readSpecs(from io.Reader) (all []*specCosts, err error) {
	in := benchfmt.NewReader(from, "")
	for in.Scan() {
		x, ok := in.Result().(*benchfmt.Result)
		if !ok || !strings.HasPrefix(string(x.Name), "Specification/") {
			continue
		}
		parts := map[string]string{}
		_, settings := x.Name.Parts()
		for _, part := range settings {
			name, value, _ := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
			parts[name] = value
		}
		calls, err := strconv.Atoi(parts["calls"])
		took, measured := x.Value("sec/op")
		if err != nil || !measured || parts["state"] == "" || parts["by"] == "" {
			return nil, fmt.Errorf("%s is no result of BenchmarkSpecification", x.Name)
		}
		if len(all) == 0 || all[len(all)-1].state != parts["state"] {
			all = append(all, &specCosts{parts["state"], map[int]map[string]float64{}})
		}
		of := all[len(all)-1].took
		if of[calls] == nil {
			of[calls] = map[string]float64{}
		}
		of[calls][parts["by"]] = took
	}
	if len(all) == 0 {
		return nil, errors.New("there are no results of BenchmarkSpecification")
	}
	return all, in.Err()
}

// specTable has a row for each kind of state.
func specTable(costs []*specCosts) string {
	var b strings.Builder
	b.WriteString("| state |")
	for _, calls := range specLengths {
		fmt.Fprintf(&b, " %s calls |", grouped(calls))
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(specLengths)) + "\n")
	for _, c := range costs {
		fmt.Fprintf(&b, "| %s |", strings.ReplaceAll(c.state, "-", " "))
		for _, calls := range specLengths {
			fmt.Fprintf(&b, " %s |", specCell(c.took[calls]))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// specCell returns the ratio of zklab's time to porcupine's.
func specCell(took map[string]float64) string {
	if took["zklab"] == 0 || took["porcupine"] == 0 {
		return "–"
	}
	return strconv.FormatFloat(took["zklab"]/took["porcupine"], 'g', 2, 64) + " ×"
}
