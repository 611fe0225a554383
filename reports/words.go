package reports

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/store"
)

// length formats a duration for people: three significant digits and a unit.
func length(d time.Duration) string {
	switch {
	case d < 0:
		return "none"
	case d == 0:
		return "0"
	case d < time.Microsecond:
		return strconv.FormatInt(int64(d), 10) + " ns"
	case d < time.Millisecond:
		return digits(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return digits(float64(d)/float64(time.Millisecond)) + " ms"
	case d < 2*time.Minute:
		return digits(d.Seconds()) + " s"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func digits(v float64) string {
	switch {
	case v < 10:
		return trimZeros(strconv.FormatFloat(v, 'f', 2, 64))
	case v < 100:
		return trimZeros(strconv.FormatFloat(v, 'f', 1, 64))
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func trimZeros(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

// instant formats a time since the run began, to the microsecond, for counterexamples.
func instant(t time.Duration) string { return strconv.FormatFloat(t.Seconds(), 'f', 6, 64) + " s" }

// moment formats a time since the run began, as exactly as a table of faults needs it.
func moment(t time.Duration) string { return strconv.FormatFloat(t.Seconds(), 'f', 2, 64) + " s" }

// plural is "1 key", "3 keys", "1,000 keys".
func plural(n int, one string) string { return prose.Grouped(n) + " " + prose.Noun(n, one) }

// times is "once", "twice", "3 times".
func times(n int) string {
	if n == 1 || n == 2 {
		return prose.Times(n)
	}
	return plural(n, "time")
}

// label makes text from a history fit for drawing, in XML or on a terminal, on one line. It cuts
// long text.
func label(s string, most int) string { return printable.Text(oneLine.Replace(s), most) }

var oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ")

func signed(d time.Duration) string {
	if d < 0 {
		return "−" + length(-d)
	}
	return "+" + length(d)
}

func number(v float64) string {
	if v == float64(int(v)) {
		return prose.Grouped(int(v))
	}
	return digits(v)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// sentenceOf makes a reason begin with a capital letter, unless its first word is a name, such as k1.
func sentenceOf(reason string) string {
	first, _, _ := strings.Cut(reason, " ")
	if strings.ContainsFunc(first, func(r rune) bool { return !unicode.IsLetter(r) && r != ',' }) {
		return reason
	}
	return capital(reason)
}

func percent(share float64) string { return digits(share*100) + " %" }

// subjectOf describes the subject of a run.
func subjectOf(r *store.Result) string {
	if r.Recipe == "" {
		return "this history"
	}
	return models.Named(r.Recipe).Subject()
}
