package promises

// unlooked is what of each promise is not looked at where the transactions are not
// known: there only what clients were told can be compared.
var unlooked = map[string]string{
	Fifo:              "writes that nobody had an answer to",
	SingleImage:       "changes that no answer tells of",
	OwnWrites:         "what came between a write and a read that no answer tells of",
	Atomic:            "parts of a multi that had no answer, and of which no stat tells",
	Fenced:            "changes that no answer tells of",
	Sync:              "changes that no answer tells of",
	Durable:           "answers that no other answer contradicts: a write that was acknowledged and overwritten unseen, most refusals, and data that only one reply shows",
	WatchBeforeData:   "changes that no answer tells of",
	OneEvent:          "of servers before 3.9, which change an event is of",
	EventOrder:        "whether an event's change happened, where no answer tells of all that its transaction did; and the order of events of servers before 3.9",
	Ephemeral:         "ends that no answer tells of; and znodes that are missing too early, unless their session wrote again later and nobody can have deleted them",
	Lifetimes:         "deletions by the servers that no answer tells of, and znodes that stay too long",
	PersistentWatches: "changes that no answer tells of",
	Names:             "creations that nobody had an answer to",
}

// tellUnlooked notes that.
func (r Report) tellUnlooked() {
	for promise, what := range unlooked {
		r.note(promise, "without the transaction log this is not looked at: "+what)
	}
}
