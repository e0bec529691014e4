package storagetest

import "testing"

var neighborPageLaws, scanLaws, scanPageLaws, cursorLaws, transactionLaws, historyLaws, revisionLaws, feedLaws, contextLaws, lifeLaws, identifierLaws, randomLaws, killLaws []law

func isChild() bool                            { return false }
func commitUntilKilled(t *testing.T, e Engine) {}
