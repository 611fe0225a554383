package sheet

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
)

// The most rows of a verdict on a screen of 80 columns. Commands write up to two lines above one that is not valid.
const (
	rowsIfValid   = 24
	rowsOtherwise = 38
)

// Rank says which parts of a verdict give way first on a full screen: those with the highest ranks. With Screen.Full,
// no part does.
type Rank int

// The ranks.
const (
	Always  Rank = iota // the verdict, its proof, what to do next, and where the rest is
	Rests               // what the verdict rests on
	Struck              // what the faults did
	Figures             // other figures; they may be left out
	Page                // left out: it is on the page, and in the full text
)

// part is a part of a verdict.
type part struct {
	strings.Builder
	rank  Rank
	most  int    // rows on a screen, or 0 for any number
	short string // a line that replaces the part if it has more rows
}

// Part begins a part of a verdict, to which all that follows is written. On a screen it has at most so many rows, and
// 0 means any number.
func (s *Sheet) Part(rank Rank, most int) { s.parts = append(s.parts, &part{rank: rank, most: most}) }

// Short sets the lines that stand for the part if it has too many rows.
func (s *Sheet) Short(name, text string) {
	short := Sheet{}
	short.Line(name, text)
	s.ShortText(short.part().String())
}

// ShortText sets the lines that stand for the part if it has too many rows.
func (s *Sheet) ShortText(text string) { s.part().short = text }

// Tell writes the part of a verdict that says what happened: its reason, in lines, its anomalies, and a story. On a
// screen with fewer rows, it is the reason, and the last sentences that have room.
func (s *Sheet) Tell(rank Rank, most int, reason []string, v checker.Verdict, story []string) {
	s.Part(rank, most)
	writeReason(s, reason)
	s.WriteString(anomalies(v))
	s.WriteString(Story(story))

	const reasonRows = 4
	var b strings.Builder
	if len(reason) > reasonRows {
		reason = append(slices.Clone(reason[:reasonRows-1]), reason[reasonRows-1]+" …")
	}
	writeReason(&b, reason)
	from := len(story)
	for from > 0 && strings.Count(Story(story[from-1:]), "\n")+len(reason) < most {
		from--
	}
	told := Story(story[from:])
	if from > 0 && from < len(story) {
		fmt.Fprintf(&b, "\n    - … (%s before)\n", prose.Count(from, "sentence"))
		told = strings.TrimPrefix(told, "\n")
	}
	s.ShortText(b.String() + told)
}

func writeReason(w io.Writer, reason []string) {
	for _, line := range reason {
		fmt.Fprintf(w, "    %s\n", line)
	}
}

// RestOn returns where the rest of a text is: also at a place, such as "the page", if there is one.
func RestOn(place string, there bool) string {
	if there {
		return "--verbose, or " + place
	}
	return "--verbose"
}

// Fit limits the rows of a text that begins with no verdict.
func (s *Sheet) Fit(rows int) { s.rows = rows }

// Gap writes an empty line after the part. Several of them in a row are one.
func (s *Sheet) Gap() {
	s.Part(Always, 0)
	s.WriteString("\n")
}

// part returns the part to which text is written.
func (s *Sheet) part() *part {
	if len(s.parts) == 0 {
		s.Part(Always, 0)
	}
	return s.parts[len(s.parts)-1]
}

// Write adds to the part. It returns no error.
func (s *Sheet) Write(text []byte) (int, error) { return s.part().Write(text) }

// WriteString adds to the part.
func (s *Sheet) WriteString(text string) { s.part().WriteString(text) }

// String returns the text. If it begins with a verdict, it fits a screen unless Screen.Full is set, and its last line
// says how many lines are missing.
func (s *Sheet) String() string {
	texts := make([][]string, len(s.parts))
	all, rows := 0, 0
	for i, p := range s.parts {
		texts[i] = linesOf(p.String())
		all += len(texts[i])
		if s.rows == 0 || s.Screen.Full {
			continue
		}
		most := p.most
		if p.rank == Page {
			texts[i] = nil
		} else if most > 0 {
			texts[i] = p.cut(texts[i], most)
		}
		rows += rowsOf(texts[i])
	}
	if s.rows > 0 && !s.Screen.Full {
		s.fit(texts, rows)
	}
	var b strings.Builder
	empty, left := false, all
	for _, lines := range texts {
		left -= len(lines)
		for _, line := range lines {
			line = strings.TrimSuffix(line, "\n") + "\n"
			if line != "\n" || !empty {
				b.WriteString(line)
			}
			empty = line == "\n"
		}
	}
	if left > 0 && s.Rest != "" {
		fmt.Fprintf(&b, "  %-13s%s\n", "the rest", fmt.Sprintf("%s: %s", prose.Count(left, "more line"), s.Rest))
	}
	return b.String()
}

// fit shortens parts until all have as many rows as the screen.
func (s *Sheet) fit(texts [][]string, rows int) {
	most := s.rows - 1 // the last line says what is missing
	for rank := Figures; rank > Always; rank-- {
		for rows > most {
			longest, n := -1, 1
			if rank == Figures {
				n = 0
			}
			for i, p := range s.parts {
				if r := rowsOf(texts[i]); p.rank == rank && r > n {
					longest, n = i, r
				}
			}
			if longest < 0 {
				break
			}
			before := texts[longest]
			texts[longest] = s.parts[longest].cut(before, n-1)
			rows -= n - rowsOf(texts[longest])
		}
	}
}

// cut returns lines that have at most so many rows.
func (p *part) cut(lines []string, most int) []string {
	if rowsOf(lines) <= most {
		return lines
	}
	all := linesOf(p.String())
	short := p.short != "" && !slices.Equal(lines, all)
	if p.short != "" && !short {
		return p.cut(linesOf(p.short), max(most, 1))
	}
	kept := 0
	for kept < len(lines) && rowsOf(lines[:kept+1]) < max(most, 2) {
		kept++
	}
	switch {
	case most == 0:
		return nil
	case most == 1 || short:
		kept = min(max(most, 1), len(lines))
		last := ansi.Truncate(strings.TrimSuffix(lines[kept-1], "\n"), Width-2, "")
		if at := strings.LastIndexByte(last, ' '); at > Width-20 {
			last = last[:at]
		}
		return append(slices.Clone(lines[:kept-1]), strings.TrimRight(last, " ,;")+" …")
	}
	indent := 15
	if kept > 0 && strings.HasPrefix(lines[0], "\n") { // a paragraph
		indent = 6
	}
	return append(slices.Clone(lines[:kept]), fmt.Sprintf("%*sand %s", indent, "", prose.Count(len(all)-kept, "more line")))
}

// linesOf splits a text into its lines.
func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
}

// rowsOf counts the rows of lines on a screen of the usual width.
func rowsOf(lines []string) (rows int) {
	for _, line := range lines {
		rows += max(1, (ansi.StringWidth(strings.TrimSuffix(line, "\n"))+UsualWidth-1)/UsualWidth)
	}
	return rows
}

// RowsFor returns the rows that a verdict may have.
func RowsFor(r checker.Result) int {
	if r == checker.Valid {
		return rowsIfValid
	}
	return rowsOtherwise
}
