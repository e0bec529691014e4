//go:build noui

// Package web is built without the pages: the build tag noui is set.
package web

import "net/http"

// Handler answers 404 with a sentence that says why there is no page.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "same-origin")
		http.Error(w, "This server was built without its pages (build tag noui); the API answers at /graphql.", http.StatusNotFound)
	})
}
