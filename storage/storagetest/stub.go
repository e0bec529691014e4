package storagetest

import "testing"

var contextLaws, lifeLaws, identifierLaws, randomLaws, killLaws []law

func isChild() bool                            { return false }
func commitUntilKilled(t *testing.T, e Engine) {}
