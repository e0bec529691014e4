//go:build noui

package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestNoUI(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("GET", "/graphiql", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "without its pages") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}
