package words

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
)

// figureTexts says figures of verdicts in words: # stands for the number, or for the time or the share
// of a name that ends in _seconds, _ms or _share; (s) for the plural, [was] for was or were.
var figureTexts = map[string]string{
	"aborted":                      "# transaction(s) [was] aborted",
	"acknowledged":                 "# write(s) [was] acknowledged",
	"acquires_by_others":           "# acquire(s) by other clients succeeded meanwhile",
	"answers":                      "# answer(s) said who leads",
	"answers_compared":             "# answer(s) about the leader [was] compared with the transaction log",
	"answers_named":                "# answer(s) named a leader",
	"asked_again":                  "# answer(s) [was] asked for twice in one session",
	"assignments":                  "# assignment(s) [was] compared with the transaction log",
	"assignments_unknown":          "# assignment(s) could not be compared with the transaction log",
	"attempts":                     "# attempt(s) at a job began",
	"awaits":                       "# client(s) passed a barrier",
	"awaits_unproven":              "# client(s) passed a barrier at a time that proves nothing",
	"blocked":                      "# wait(s) certainly met a raised barrier",
	"broken":                       "# run(s) broke it",
	"came_back":                    "# member(s) came back after their sessions had ended",
	"changes":                      "# change(s) [was] made",
	"checked":                      "# request(s) [was] checked against the rights of their client",
	"choices":                      "# dequeue(s) had items of several priorities to choose from",
	"committed":                    "# transaction(s) [was] committed",
	"compared":                     "# comparison(s) with the transaction log",
	"compared_ephemerals":          "# ephemeral znode(s) compared",
	"compared_znodes":              "# znode(s) compared on every server",
	"comparisons":                  "# comparison(s) of the servers",
	"conflicts":                    "# change(s) overlapped another change",
	"connects":                     "# connect(s) of clients",
	"contended":                    "# acquire(s) met another holder",
	"contenders_at_end":            "# contender(s) in line at the end",
	"converged":                    "# watcher(s) saw the last value",
	"core_seconds":                 "# of holding [was] certain",
	"cores":                        "# hold(s) [was] certain for some time",
	"crashes_inside":               "# client(s) crashed inside a round",
	"created":                      "# sequential name(s) checked",
	"crosswise":                    "# pair(s) of clients wanted each other's parts",
	"current":                      "# answer(s) of a cache that called itself current",
	"dated":                        "# list(s) whose age is known",
	"dead":                         "# job(s) [was] given up after their last attempt",
	"dequeued":                     "# item(s) came out",
	"downgrades":                   "# hold(s) to write became holds to read",
	"empties":                      "# dequeue(s) found the queue empty",
	"empties_compared":             "# empty answer(s) [was] compared with the transaction log",
	"ended_by_death":               "# hold(s) or members ended with their sessions",
	"ends":                         "# end(s) of sessions",
	"ends_seen":                    "# end(s) of sessions seen in the tree",
	"entered":                      "# client(s) entered a round",
	"ephemerals":                   "# ephemeral znode(s) of clients followed",
	"events":                       "# watch event(s) checked",
	"expired":                      "# session(s) [was] declared expired",
	"fenced":                       "# fenced read(s) went to a quorum",
	"fenced_unknown":               "# fenced read(s) of which that is not known",
	"filled_gaps":                  "# change(s) [was] found between two others",
	"final_reads":                  "# read(s) at the end",
	"first":                        "# first value(s) of a watcher checked",
	"floating":                     "# hold(s) or attempts whose session may have ended before the grant was known",
	"foreign_children":             "# znode(s) of outsiders in line",
	"full":                         "# put(s) met a full queue, or took its last place",
	"full_rounds":                  "# round(s) that all parties entered and left",
	"given_up":                     "# attempt(s) to lock [was] given up",
	"grants_checked":               "# grant(s) checked: whose turn it was",
	"grants_over":                  "# grant(s) whose hold had ended when its client heard of it",
	"grants_unknown":               "# grant(s) of which it is not known whose turn it was",
	"heard":                        "# holder(s) [was] told of a request for their hold",
	"held_seconds":                 "# of holding, as clients saw it",
	"holds":                        "# hold(s)",
	"inversions":                   "# item(s) came out of their order",
	"items":                        "# item(s) [was] put in",
	"jobs":                         "# job(s)",
	"kept":                         "# kept",
	"keys":                         "# key(s)",
	"lasting":                      "# attempt(s) certainly lasted for some time",
	"left":                         "# session(s) ended after their client had left for good",
	"lifted":                       "# barrier(s) [was] lifted",
	"lists":                        "# list(s) of members",
	"longest_leave_seconds":        "the longest wait to leave was #",
	"longest_left_outside_seconds": "the longest wait of a client left outside was #",
	"longest_seconds":              "the longest lasted #",
	"longest_stale_ms":             "the oldest value that was read was # old",
	"longest_wait_seconds":         "the longest wait was #",
	"looks":                        "# look(s) at containers and TTL znodes",
	"looks_behind":                 "# look(s) after a znode was due to go",
	"lost_cas":                     "# compare-and-set(s) lost against another client",
	"marks_checked":                "# grant(s) [was] checked: the client had a znode to show for it",
	"marks_unknown":                "# grant(s) could not be checked for a znode",
	"met_full":                     "# acquire(s) met all leases held",
	"multis":                       "# multi(s) checked",
	"new_subjects":                 "# client(s) got a new subject after the load",
	"not_due":                      "# dequeue(s) found items that were not due yet",
	"open":                         "# left open",
	"ordered":                      "# pair(s) of changes in the order of their zxids",
	"orphaned":                     "# transaction(s) lost their coordinator",
	"others":                       "# list(s) or changes showed a member of another client",
	"over_sessions":                "# watcher(s) saw settings in two sessions",
	"overlapping":                  "# operation(s) overlapped one of another client",
	"overlapping_found":            "# of these found an item",
	"overlaps":                     "# time(s) at which two clients believed at once",
	"panics":                       "# call(s) panicked",
	"picks":                        "# instance(s) picked",
	"placed":                       "# list(s) of members placed in the order of changes",
	"plain":                        "# plain read(s)",
	"proven_share":                 "# of the held time is certain",
	"read_together":                "# hold(s) to read met another",
	"readers_met":                  "# acquire(s) to read met a writer",
	"reads":                        "# read(s)",
	"answered":                     "# call(s) answered",
	"unknown_outcomes":             "# call(s) of unknown outcome",
	"unreturned":                   "# call(s) did not return",
	"reconnects":                   "# reconnect(s)",
	"redelivered":                  "# job(s) [was] delivered again",
	"refused":                      "# refused call(s) checked",
	"released_dead":                "# hold(s) [was] released after their session had ended",
	"remade":                       "# value(s) [was] set after a delete",
	"replies":                      "# server answer(s) checked",
	"rounds":                       "# round(s)",
	"rounds_blocked":               "# round(s) with two clients that certainly met the raised barrier",
	"session_moved":                "# answer(s) said that a session had moved",
	"sets":                         "# value(s) [was] set",
	"settled":                      "# item(s) that never came out: the log shows who took them",
	"settled_lists":                "# list(s) of members after the heal",
	"settled_lists_of_crashed":     "# list(s) of members after the heal that could have shown a crashed one",
	"stale":                        "# read(s) [was] stale",
	"stale_share":                  "# of the reads were stale",
	"stale_when_disturbed":         "# stale read(s) while a server was disturbed",
	"steps":                        "# change(s) [was] compared with the one before",
	"successors":                   "# master(s) followed another",
	"swept":                        "# container(s) or TTL znodes [was] swept",
	"sync":                         "# read(s) behind a sync",
	"sync_judged":                  "# of these while no server was disturbed",
	"terms":                        "# term(s) of leaders",
	"together":                     "# share(s) [was] granted while another client held one",
	"told":                         "# time(s) a client was told of it",
	"told_again":                   "# outcome(s) [was] told again",
	"told_decided":                 "# of the losses that clients were told of could be judged",
	"total_seconds":                "# in all",
	"unheard":                      "# request(s) for a hold of which the holder was not told",
	"unknown_dequeues":             "# dequeue(s) of unknown outcome",
	"unknown_takes":                "# take(s) of unknown outcome",
	"vanished":                     "# item(s) never came out, and no answer says why",
	"violations":                   "# violation(s)",
	"waits":                        "# wait(s) after the heal",
	"waits_judged":                 "# wait(s) judged",
	"without_token":                "# grant(s) without a token",
	"writers_met":                  "# acquire(s) to write met a holder",
	"writes":                       "# write(s)",
	"writes_by_others":             "# guarded write(s) by other clients meanwhile",
}

// figureWords returns the figures of a verdict in words, in order of name.
func figureWords(v checker.Verdict) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(v.Figures)) {
		out = append(out, figureText(name, v.Figures[name]))
	}
	return out
}

var was = regexp.MustCompile(`\[was\]`)

// Figures returns the figures of a verdict in words, on one line.
func Figures(v checker.Verdict) string { return strings.Join(figureWords(v), "; ") }

// figureText returns a figure in words. A figure that this version of zklab does not know is described
// by its name.
func figureText(name string, v float64) string {
	text, known := figureTexts[name]
	if !known {
		return strings.ReplaceAll(name, "_", " ") + ": " + Number(v)
	}
	n, shown := int(v), Number(v)
	switch {
	case strings.HasSuffix(name, "_seconds"):
		n, shown = 1, prose.Length(time.Duration(v*float64(time.Second)))
	case strings.HasSuffix(name, "_ms"):
		n, shown = 1, prose.Length(time.Duration(v*float64(time.Millisecond)))
	case strings.HasSuffix(name, "_share"):
		n, shown = 1, Percent(v)
	}
	plural := "s"
	if n == 1 {
		plural = ""
	}
	text = was.ReplaceAllString(strings.Replace(text, "(s)", plural, 1), prose.Were(n))
	return strings.Replace(text, "#", shown, 1)
}
