module github.com/stemma-kg/stemma

go 1.26.0

ignore ./web/node_modules

require (
	github.com/fxamacker/cbor/v2 v2.10.0
	github.com/google/uuid v1.6.0
	golang.org/x/text v0.43.0
)

require github.com/x448/float16 v0.8.4 // indirect
