//go:build !noui

// Package web serves the pages that people look at: a landing page at /, and
// GraphiQL, an editor for GraphQL queries, at /graphiql.
//
// Their sources stand beside this file and are built by Vite into dist, which is
// committed: building the server needs no Node. Each file in dist is packed as
// NAME.gz and embedded so, to be sent as it lies. The names under assets hold a
// hash of the content, and are served as immutable.
//
// To change a page, with the Node that .nvmrc names:
//
//	npm ci
//	npm run dev     # serves the pages, and passes /graphql on to localhost:8080
//	npm run build   # writes dist
//	npm run check   # exits with 1 if dist is not what the sources build to
//
// No page asks anything of another origin, and each is served with a policy that
// forbids it to. The build tag noui leaves the pages out of the binary.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// pages maps the paths of pages to their files. Whatever else is served is served
// at its own name.
var pages = map[string]string{
	"/":          "index.html",
	"/graphiql":  "graphiql.html",
	"/graphiql/": "graphiql.html",
}

// contentTypes is a table of our own because the one that package mime reads
// depends on the host. A file whose type is not here fails the tests.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".ttf":   "font/ttf",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// noFrames ends every policy: no page may be framed, rebased, or send a form.
const noFrames = "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// policies holds the Content-Security-Policy of each page. A page without one of
// its own gets that of the empty name, which allows styles, pictures and fonts.
var policies = map[string]string{
	"": "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'" + noFrames,
	// Monaco, the editor in GraphiQL, writes style elements and attributes, and
	// runs its language services in workers. The %s is for its websocket.
	"graphiql.html": "default-src 'none'; script-src 'self'; worker-src 'self'; " +
		"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'%s" + noFrames,
}

// assetPolicy binds the workers: a worker obeys the policy that its own script came with.
const assetPolicy = "default-src 'none'; script-src 'self'" + noFrames

// A file is one built file, as it is embedded.
type file struct {
	name   string // its path in dist, without .gz
	packed []byte
	hash   string                 // of packed, in hexadecimal
	plain  func() ([]byte, error) // unpacks it once, for the rare client without gzip
}

// Handler serves the pages and their assets, to GET and HEAD. It answers 404 to
// every other path, so mount it behind the API's own.
func Handler() http.Handler {
	files, err := load(dist)
	if err != nil {
		panic("web: " + err.Error()) // the embedded files are part of the program
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")

		f := files[fileName(r.URL.Path)]
		if f == nil {
			h.Set("Content-Security-Policy", policies[""])
			http.Error(w, "404 page not found", http.StatusNotFound)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
			return
		}
		f.serve(w, r)
	})
}

// fileName returns the name of the file served at a path. The pages' files are not
// served at their own names as well: one page, one address.
func fileName(urlPath string) string {
	if name, ok := pages[urlPath]; ok {
		return name
	}
	if strings.HasSuffix(urlPath, ".html") {
		return ""
	}
	return strings.TrimPrefix(urlPath, "/")
}

// load reads dist, and returns its files by name.
func load(dist fs.FS) (map[string]*file, error) {
	files := make(map[string]*file)
	err := fs.WalkDir(dist, "dist", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, ok := strings.CutSuffix(strings.TrimPrefix(p, "dist/"), ".gz")
		if !ok {
			return fmt.Errorf("%s is not packed", p)
		}
		packed, err := fs.ReadFile(dist, p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(packed)
		files[name] = &file{
			name:   name,
			packed: packed,
			hash:   hex.EncodeToString(sum[:16]),
			plain:  sync.OnceValues(func() ([]byte, error) { return unpack(packed) }),
		}
		return nil
	})
	return files, err
}

func unpack(packed []byte) ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zr)
}

// serve writes the file, or 304 if the client has it.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", contentTypes[path.Ext(f.name)])
	h.Set("Content-Security-Policy", f.policy(r))
	h.Set("Vary", "Accept-Encoding")
	if strings.HasPrefix(f.name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}

	body, etag := f.packed, `"`+f.hash+`-gz"`
	if acceptsGzip(r.Header) {
		h.Set("Content-Encoding", "gzip")
	} else {
		plain, err := f.plain()
		if err != nil {
			http.Error(w, "500 internal error", http.StatusInternalServerError)
			return
		}
		body, etag = plain, `"`+f.hash+`"`
	}
	h.Set("ETag", etag)
	if has(r.Header, etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // not sent to HEAD; an error means that the client has gone
}

// has reports whether the client says, in If-None-Match, that it has etag.
func has(h http.Header, etag string) bool {
	for item := range strings.SplitSeq(strings.Join(h.Values("If-None-Match"), ","), ",") {
		item = strings.TrimSpace(item)
		if item == "*" || strings.TrimPrefix(item, "W/") == etag {
			return true
		}
	}
	return false
}

// policy returns the Content-Security-Policy of the file, as an answer to r.
func (f *file) policy(r *http.Request) string {
	if strings.HasPrefix(f.name, "assets/") {
		return assetPolicy
	}
	policy, ok := policies[f.name]
	if !ok {
		return policies[""]
	}
	return fmt.Sprintf(policy, socketSources(r.Host))
}

// socketSources returns the sources that allow a websocket to host: some browsers
// do not take 'self' to mean one. It returns nothing for a host that is not plainly
// a name or address and a port, since anyone may write anything there.
func socketSources(host string) string {
	odd := strings.ContainsFunc(host, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-.:[]", c))
	})
	if host == "" || odd {
		return ""
	}
	return " ws://" + host + " wss://" + host
}

// acceptsGzip reports whether the client takes gzip: "gzip" or "*" in
// Accept-Encoding, with a quality above zero. What it says of gzip comes first.
func acceptsGzip(h http.Header) bool {
	accepts := false
	for _, line := range h.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(item, ";")
			coding = strings.ToLower(strings.TrimSpace(coding))
			if coding != "gzip" && coding != "x-gzip" && coding != "*" {
				continue
			}
			quality := 1.0
			if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q="); ok {
				q, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
				quality = q
				if err != nil {
					quality = 0
				}
			}
			if coding != "*" {
				return quality > 0
			}
			accepts = quality > 0
		}
	}
	return accepts
}
