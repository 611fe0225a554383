package words

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/store"
)

// Instant formats a time since the run began, to the microsecond, for counterexamples.
func Instant(t time.Duration) string { return strconv.FormatFloat(t.Seconds(), 'f', 6, 64) + " s" }

// Moment formats a time since the run began, as exactly as a table of faults needs it.
func Moment(t time.Duration) string { return strconv.FormatFloat(t.Seconds(), 'f', 2, 64) + " s" }

// Plural returns "1 key", "3 keys", "1,000 keys".
func Plural(n int, one string) string { return prose.Grouped(n) + " " + prose.Noun(n, one) }

// Times returns "once", "twice", "3 times".
func Times(n int) string {
	if n == 1 || n == 2 {
		return prose.Times(n)
	}
	return Plural(n, "time")
}

// Label makes text from a history fit for drawing, in XML or on a terminal, on one line. It cuts
// long text.
func Label(s string, most int) string { return printable.Text(oneLine.Replace(s), most) }

var oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ")

// Signed formats a duration with its sign.
func Signed(d time.Duration) string {
	if d < 0 {
		return "−" + prose.Length(-d)
	}
	return "+" + prose.Length(d)
}

// Number formats a whole number with separators, and any other with three significant digits.
func Number(v float64) string {
	if v == float64(int(v)) {
		return prose.Grouped(int(v))
	}
	return prose.Digits(v)
}

// Capital makes a text begin with a capital letter.
func Capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Sentence makes a reason begin with a capital letter, unless its first word is a name, such as k1.
func Sentence(reason string) string {
	first, _, _ := strings.Cut(reason, " ")
	if strings.ContainsFunc(first, func(r rune) bool { return !unicode.IsLetter(r) && r != ',' }) {
		return reason
	}
	return Capital(reason)
}

// Percent formats a share as a percentage.
func Percent(share float64) string { return prose.Digits(share*100) + " %" }

// Subject describes the subject of a run.
func Subject(r *store.Result) string {
	if r.Recipe == "" {
		return "this history"
	}
	return models.Named(r.Recipe).Subject()
}
