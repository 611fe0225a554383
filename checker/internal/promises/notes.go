package promises

// unlooked says, for each promise, what is not checked if the transactions are not known: then only
// what clients were told can be compared.
var unlooked = map[string]string{
	Fifo:              "writes that no client got an answer to",
	SingleImage:       "changes that no answer shows",
	OwnWrites:         "what came between a write and a read that no answer shows",
	Atomic:            "parts of a multi that had no answer, and that no stat shows",
	Fenced:            "changes that no answer shows",
	Sync:              "changes that no answer shows",
	Durable:           "answers that no other answer contradicts: a write that was acknowledged and overwritten unseen, most refusals, and data that only one reply shows",
	WatchBeforeData:   "changes that no answer shows",
	OneEvent:          "of servers before 3.9, which change an event is of",
	EventOrder:        "whether an event's change happened, where no answer shows all that its transaction did; and the order of events of servers before 3.9",
	Ephemeral:         "ends that no answer shows; and znodes that are missing too early, unless their session wrote again later and no client can have deleted them",
	Lifetimes:         "deletions by the servers that no answer shows, and znodes that stay too long",
	PersistentWatches: "changes that no answer shows",
	Names:             "creations that no client got an answer to",
}

// tellUnlooked adds a note to each promise about what is not checked without the
// transactions.
func (r Report) tellUnlooked() {
	for promise, what := range unlooked {
		r.note(promise, "not checked without the transaction log: "+what)
	}
}
