package models

import "github.com/zklab/zklab/history"

// Contender is a znode in a hold's folder.
type Contender struct {
	Name  string     `json:"name"`
	Owner history.ID `json:"owner"` // its ephemeralOwner, 0 for a persistent znode
}

// Final is the value of history.FFinal, read fenced at the end: the contenders in the folder of a
// hold, or the value of a register.
type Final struct {
	Contenders []Contender `json:"contenders,omitempty"`
	Register   *Reading    `json:"register,omitempty"`
}
