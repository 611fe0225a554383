package fourletter

import (
	"slices"
	"strconv"
)

// telnetClose is sent by telnet when it closes a connection; a real server
// counts it among the words.
const telnetClose = "telnet close"

// answers are made by the words; those without one are known, and closed without an answer.
var answers = map[string]func(Server) string{
	"conf": serving(conf), "cons": serving(cons), "crst": serving(crst),
	"dirs": serving(dirs), "dump": serving(dump), "mntr": serving(mntr),
	"srst": serving(srst), "srvr": serving(srvr), "stat": serving(stat),
	"wchc": serving(wchc), "wchp": serving(wchp), "wchs": serving(wchs),
	"envi": envi, "gtmk": traceMask, "hash": hash, "isro": isro, "ruok": ruok,
	"stmk": traceMask, telnetClose: nil,
}

// All stands for all words in a whitelist.
const All = "*"

// Words lists the words that a server knows, in order.
func Words() (words []string) {
	for word := range answers {
		if len(word) == len("srvr") {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return words
}

// Is reports whether the first four bytes of a connection are a word that a real
// server knows, whether or not it may be answered, and which. As lengths of a
// first frame all of them are far above any that is allowed.
func Is(first4 [4]byte) (word string, ok bool) {
	word = string(first4[:])
	if word == "\xff\xf4\xff\xfd" {
		word = telnetClose
	}
	if _, ok = answers[word]; !ok {
		return "", false
	}
	return word, true
}

// Answer returns the server's answer to the word, after which it closes the connection. It returns
// false if a real server closes without an answer of its own: it does not know the word, or waits for
// more.
func Answer(word string, s Server) (string, bool) {
	answer, known := answers[word]
	if !known {
		return "", false
	}
	if !s.allows(word) {
		return word + " is not executed because it is not in the whitelist.\n", true
	}
	if answer == nil || word == "stmk" && !s.MaskSent {
		return "", false
	}
	return answer(s), true
}

// allows follows 4lw.commands.whitelist; srvr is always on it, for zkServer.sh
// asks it (Administrator's Guide).
func (s Server) allows(word string) bool {
	return word == "srvr" || slices.Contains(s.Whitelist, All) || slices.Contains(s.Whitelist, word)
}

const notServing = "This ZooKeeper instance is not currently serving requests"

// serving makes an answer that only a serving server gives.
func serving(answer func(Server) string) func(Server) string {
	return func(s Server) string {
		if !s.Serving {
			return notServing + "\n"
		}
		return answer(s)
	}
}

func ruok(Server) string { return "imok" }

func isro(s Server) string {
	if !s.Serving {
		return "null"
	}
	if s.Role == ReadOnly {
		return "ro"
	}
	return "rw"
}

// DefaultTraceMask is traced by Java's server unless it was told otherwise.
const DefaultTraceMask = 306

func traceMask(s Server) string { return strconv.FormatInt(s.TraceMask, 10) }

func hash(s Server) string {
	if !s.Serving {
		return notServing
	}
	return ""
}

func crst(s Server) string {
	call(s.ResetConnections)
	return "Connection stats reset.\n"
}

func srst(s Server) string {
	call(s.ResetServer)
	return "Server stats reset.\n"
}

func call(f func()) {
	if f != nil {
		f()
	}
}
