// Command benchtable makes docs/checkers-measured.md of what BenchmarkDecide and
// BenchmarkFile of checker/linear print, alone or among other benchmarks. It may
// not import what they measure:
//
//	make bench | tee bench.txt
//	go run ./internal/dev/benchtable -machine "2 cores" < bench.txt > docs/checkers-measured.md
//
// "make bench-table" does both.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	machine := flag.String("machine", "", "what the machine is, in a few words (default: its processor, cores and memory)")
	flag.Parse()
	r, err := read(os.Stdin)
	if err == nil {
		if *machine == "" {
			*machine = describe(r.cpu)
		}
		err = write(os.Stdout, r, *machine, time.Now())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// describe is this machine: what go test says of its processor, and what the
// system says of the rest.
func describe(cpu string) string {
	parts := []string{fmt.Sprintf("%d cores", runtime.NumCPU())}
	if cpu != "" {
		parts = append([]string{cpu}, parts...)
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if gb := memory(string(text)); gb > 0 {
			parts = append(parts, fmt.Sprintf("%d GB", gb))
		}
	}
	return strings.Join(parts, ", ")
}

// memory is the gigabytes that /proc/meminfo tells of (proc(5)); 0 if none.
func memory(meminfo string) int {
	_, rest, _ := strings.Cut(meminfo, "MemTotal:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.Atoi(fields[0])
	return (kb + 1<<19) >> 20
}
