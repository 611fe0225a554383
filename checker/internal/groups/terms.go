package groups

import "github.com/zklab/zklab/history/models"

// terms holds the words of sentences about a group.
type terms struct {
	member, members string
	join, joined    string
	leave, left     string
	leftFrom        string // the same, followed by what was left
}

// termsOf returns the terms of a model: an instance of a service registers, and any other member joins.
func termsOf(m *models.Model) terms {
	if m == models.Discovery {
		return terms{member: "an instance", members: "instances", join: "register", joined: "registered", leave: "unregister", left: "unregistered", leftFrom: "unregistered from"}
	}
	return terms{member: "a member", members: "members", join: "join", joined: "joined", leave: "leave", left: "left", leftFrom: "left"}
}
