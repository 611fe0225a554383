package linear

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
)

// steps writes operations as a history in EDN. Each step is "process f value", and begins and ends
// at once. A step that starts with ( only begins, and one that starts with ) only ends.
func steps(all ...string) []byte {
	var b strings.Builder
	for _, s := range all {
		begins, ends := !strings.HasPrefix(s, ")"), !strings.HasPrefix(s, "(")
		p := strings.SplitN(strings.TrimLeft(s, "()"), " ", 3)
		if begins {
			arg := strings.TrimSuffix(p[2], " fail")
			if p[1] == "read" || p[1] == "generate" {
				arg = "nil"
			}
			fmt.Fprintf(&b, "{:process %s :type :invoke :f :%s :value %s}\n", p[0], p[1], arg)
		}
		if ends {
			kind := "ok"
			if value, failed := strings.CutSuffix(p[2], " fail"); failed {
				kind, p[2] = "fail", value
			}
			fmt.Fprintf(&b, "{:process %s :type :%s :f :%s :value %s}\n", p[0], kind, p[1], p[2])
		}
	}
	return []byte(b.String())
}

// TestJepsensModels has what Jepsen's set-full, unique-ids and bank require, and the smallest
// violations of them.
func TestJepsensModels(t *testing.T) {
	const valid, violation, unknown = checker.Valid, checker.Violation, checker.Unknown
	for _, c := range []struct {
		name, model string
		steps       []string
		want        checker.Result
		reason      string
	}{
		{"shown", "set-full", []string{"0 add 1", "1 read #{1}"}, valid, ""},
		{"lost", "set-full", []string{"0 add 1", "0 add 2", "1 read #{1 2}", "1 read #{2}"}, violation, "1 was there by the end of the add of 1 by process 0 (line 1 to line 2), and is missing in the read of 1 elements by process 1 (line 7 to line 8), which began later: it is lost, since no later read shows it"},
		{"never shown", "set-full", []string{"0 add 1", "0 add 2", "1 read #{2}"}, violation, "it is lost"},
		{"only shown, then lost", "set-full", []string{"(0 add 1", "1 read #{1}", "1 read #{}"}, violation, "1 was there by the end of the read of 1 elements by process 1 (line 2 to line 3)"},
		{"failed, shown, then lost", "set-full", []string{"0 add 1 fail", "1 read #{1}", "1 read #{}"}, violation, "it is lost"},
		{"failed and not shown", "set-full", []string{"0 add 1 fail", "0 add 2", "1 read #{2}"}, valid, ""},
		{"unknown and not shown", "set-full", []string{"(0 add 1", "1 add 2", "1 read #{2}"}, valid, ""},
		{"missing while it was added", "set-full", []string{"0 add 2", "(0 add 1", "1 read #{2}", ")0 add 1"}, valid, ""},
		{"nil shows nothing", "set-full", []string{"0 add 1", "1 read nil"}, violation, "it is lost"},
		{"stale", "set-full", []string{"0 add 1", "1 read #{}", "1 read #{1}"}, valid, ""},
		{"stale", "set-full-linearizable", []string{"0 add 1", "1 read #{}", "1 read #{1}"}, violation, "the read was stale, since the read of 1 elements by process 1 (line 5 to line 6) shows it"},
		{"stale after it was shown", "set-full-linearizable", []string{"(0 add 1", "1 read #{1}", "1 read #{}", "1 read #{1}"}, violation, "the read was stale"},
		{"lost", "set-full-linearizable", []string{"0 add 1", "1 read #{}"}, violation, "it is lost"},
		{"missing while it was added", "set-full-linearizable", []string{"(0 add 1", "1 read #{}", ")0 add 1", "1 read #{1}"}, valid, ""},
		{"not read", "set-full", []string{"0 add 1"}, unknown, "no element is known to have stayed"},
		{"nothing added", "set-full-linearizable", []string{"0 read #{}"}, unknown, "no element is known to have stayed"},
		{"twice in a read", "set-full", []string{"0 add 1", "1 read [1 1]"}, violation, "shows 1 more than once"},
		{"nobody added it", "set-full", []string{"0 add 1", "1 read #{1 2}"}, violation, "shows 2, which no process had tried to add"},
		{"shown before it was added", "set-full", []string{"1 read #{1}", "0 add 1"}, violation, "shows 1, which no process had tried to add"},
		{"different", "unique-ids", []string{"0 generate 1", "1 generate 2"}, valid, ""},
		{"twice", "unique-ids", []string{"0 generate 1", "1 generate 2", "2 generate 1"}, violation, "1 was returned twice: by the generate of 1 by process 0 (line 1 to line 2) and by the generate of 1 by process 2 (line 5 to line 6)"},
		{"twice at once, texts", "unique-ids", []string{"(0 generate nil", "(1 generate nil", `)0 generate "a"`, `)1 generate "a"`}, violation, `"a" was returned twice`},
		{"lists", "unique-ids", []string{"0 generate [1 2]", "1 generate [1 3]", "1 generate [1 2]"}, violation, "[1 2] was returned twice"},
		{"a failed one", "unique-ids", []string{"0 generate 1", "1 generate 1 fail", "1 generate 2"}, valid, ""},
		{"one id", "unique-ids", []string{"0 generate 1", "(1 generate nil"}, unknown, "no two ids were returned"},
		{"right", "bank:100", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read {0 15, 1 85}"}, valid, ""},
		{"a list", "bank:100", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read [15 85]"}, valid, ""},
		{"half a transfer", "bank:100", []string{"(0 transfer {:from 0, :to 1, :amount 5}", "1 read {0 15, 1 80}"}, violation, "the read of 2 accounts by process 1 (line 2 to line 3) shows balances whose total is 95, and not 100: 0 has 15, 1 has 80"},
		{"below 0", "bank:100", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read {0 -5, 1 105}"}, violation, "shows a balance below 0, of account 0"},
		{"below 0", "bank-negative:100", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read {0 -5, 1 105}"}, valid, ""},
		{"half a transfer below 0", "bank-negative:100", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read {0 -5, 1 100}"}, violation, "total is 95"},
		{"no balance", "bank:100", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read {0 100, 1 nil}"}, violation, "shows no balance of account 1"},
		{"no accounts", "bank:100", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read nil"}, violation, "total is 0, and not 100: it shows no accounts"},
		{"sums above 63 bits", "bank:0", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read {0 9223372036854775807, 1 9223372036854775807, 2 2}"}, violation, "total is 18446744073709551616"},
		{"nothing transferred", "bank:100", []string{"1 read {0 15, 1 85}", "0 transfer {:from 0, :to 1, :amount 5}"}, unknown, "no transfer began before the last read ended"},
		{"transfers failed", "bank:100", []string{"0 transfer {:from 0, :to 1, :amount 5} fail", "1 read {0 15, 1 85}"}, unknown, "no transfer began"},
		{"nothing read", "bank:100", []string{"0 transfer {:from 0, :to 1, :amount 5}", "1 read {} fail"}, unknown, "no read returned the balances"},
	} {
		t.Run(c.model+" "+c.name, func(t *testing.T) {
			r := Check(t.Context(), load(t, c.model, steps(c.steps...)), Options{})
			if r.Verdict != c.want || !strings.Contains(r.Verdicts[0].Reason, c.reason) {
				t.Errorf("%s, want %s, %q: %+v", r.Verdict, c.want, c.reason, r.Verdicts)
			}
			if r.Verdict == violation && len(r.Verdicts[0].Events) == 0 {
				t.Error("no counterexample")
			}
		})
	}
	r := Check(t.Context(), load(t, "set-full", steps("0 add 1", "1 read #{}", "1 read #{1}")), Options{})
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "1 element stale for a while, which this model allows: 1 was there by the end of the add") {
		t.Errorf("no note: %s", notes)
	}
	if r := Check(t.Context(), load(t, "set-full", []byte("{:process :nemesis, :type :info, :f :kill}")), Options{}); r.Verdict != valid {
		t.Errorf("without clients: %+v", r)
	}
}

// An error about a value that cannot be read names its line.
func TestUnreadableValues(t *testing.T) {
	for _, c := range []struct{ model, text, want string }{
		{"unique-ids", string(steps("0 generate nil")), "line 2: generate returned nil: expected an id"},
		{"bank:100", string(steps("0 read 5")), "line 2: the accounts were read as 5: expected their balances, as in {0 10, 1 90} or [10 90]"},
		{"bank:100", string(steps(`0 read {0 "5"}`)), `line 2: the balance of account 0 is "5": expected a whole number of 64 bits; to take it for 5, say --loose-numbers`},
		{"bank:100", string(steps(`0 read {0 0.5}`)), `line 2: the balance of account 0 is 0.5: expected a whole number`},
		{"bank:100", string(steps(`0 deposit 5`)), `line 1: operation "deposit" is none of model bank:100, which has transfer, read`},
		{"register", string(steps(`0 transfer 5`)), `line 1: operation "transfer" is none of model register, which has read, write; models that have transfer: bank:N, bank-negative:N`},
	} {
		if _, err := tryLoad(c.model, []byte(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.model, err, c.want)
		}
	}
	for name, want := range map[string]string{
		"bank":              "model bank needs the total of all balances: bank:100",
		"bank:x":            `model bank: the total of all balances is "x", expected one from 0 to 4611686018427387904`,
		"bank:-1":           `model bank: the total of all balances is "-1", expected`,
		"unique-ids:3":      "model unique-ids takes no number: say unique-ids",
		"unique-id":         `unknown model "unique-id"; did you mean "unique-ids"?`,
		"semaphore:0":       `model semaphore: the number of permits is "0", expected one from 1 to 1048576`,
		"semaphore":         "model semaphore needs the number of permits: semaphore:3",
		"semaphore:9999999": `model semaphore: the number of permits is "9999999"`,
	} {
		if _, err := ParseModel(name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
