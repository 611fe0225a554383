package words

import (
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

// halfDigit is half of the third digit of 999 of a unit, in thousandths of the unit: from there on the number
// rounds to one of the next unit.
const halfDigit = 500

// Length formats a duration for people: three significant digits and a unit.
func Length(d time.Duration) string {
	switch {
	case d < 0:
		return "none"
	case d == 0:
		return "0"
	case d < time.Microsecond:
		return strconv.FormatInt(int64(d), 10) + " ns"
	case d < time.Millisecond-halfDigit*time.Nanosecond:
		return Digits(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second-halfDigit*time.Microsecond:
		return Digits(float64(d)/float64(time.Millisecond)) + " ms"
	case d < 2*time.Minute:
		return Digits(d.Seconds()) + " s"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// Digits formats a number with three significant digits, without zeros at the end.
func Digits(v float64) string {
	switch {
	case v < 10:
		return trimZeros(strconv.FormatFloat(v, 'f', 2, 64))
	case v < 100:
		return trimZeros(strconv.FormatFloat(v, 'f', 1, 64))
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func trimZeros(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

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
		return "−" + Length(-d)
	}
	return "+" + Length(d)
}

// Number formats a whole number with separators, and any other with three significant digits.
func Number(v float64) string {
	if v == float64(int(v)) {
		return prose.Grouped(int(v))
	}
	return Digits(v)
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
func Percent(share float64) string { return Digits(share*100) + " %" }

// Subject describes the subject of a run.
func Subject(r *store.Result) string {
	if r.Recipe == "" {
		return "this history"
	}
	return models.Named(r.Recipe).Subject()
}
