package fourletter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func wchs(s Server) string {
	t := ask(s.DataWatchTotals)
	return fmt.Sprintf("%d connections watching %d paths\nTotal watches:%d\n", t.Connections, t.Paths, t.Watches)
}

func wchc(s Server) string {
	var b strings.Builder
	watches := ask(s.DataWatches)
	for _, session := range slices.Sorted(maps.Keys(watches)) {
		fmt.Fprintf(&b, "%s\n", hex(session))
		writePaths(&b, watches[session])
	}
	b.WriteString("\n")
	return b.String()
}

func wchp(s Server) string {
	sessions := map[string][]int64{}
	for session, paths := range ask(s.DataWatches) {
		for _, path := range paths {
			sessions[path] = append(sessions[path], session)
		}
	}
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(sessions)) {
		fmt.Fprintf(&b, "%s\n", path)
		for _, session := range slices.Sorted(slices.Values(sessions[path])) {
			fmt.Fprintf(&b, "\t%s\n", hex(session))
		}
	}
	b.WriteString("\n")
	return b.String()
}

func writePaths(b *strings.Builder, paths []string) {
	for _, path := range slices.Sorted(slices.Values(paths)) {
		fmt.Fprintf(b, "\t%s\n", path)
	}
}
