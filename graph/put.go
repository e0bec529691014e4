package graph

import (
	"context"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// This file has the puts of nodes, one for each type; write.go has what they share.

// A PutDiseaseInput puts a Disease.
type PutDiseaseInput struct {
	Disease *kg.Disease
	PutArgs
}

// A PutDiseasePayload is what a put came to.
type PutDiseasePayload struct {
	Disease  *kg.Disease
	Revision storage.Revision
}

func (m mutationResolver) PutDisease(ctx context.Context, input PutDiseaseInput) (*PutDiseasePayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Disease, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutDiseasePayload{n, rev}, nil
}

// A PutConceptInput puts a Concept.
type PutConceptInput struct {
	Concept *kg.Concept
	PutArgs
}

// A PutConceptPayload is what a put came to.
type PutConceptPayload struct {
	Concept  *kg.Concept
	Revision storage.Revision
}

func (m mutationResolver) PutConcept(ctx context.Context, input PutConceptInput) (*PutConceptPayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Concept, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutConceptPayload{n, rev}, nil
}

// A PutMeasureInput puts a Measure.
type PutMeasureInput struct {
	Measure *kg.Measure
	PutArgs
}

// A PutMeasurePayload is what a put came to.
type PutMeasurePayload struct {
	Measure  *kg.Measure
	Revision storage.Revision
}

func (m mutationResolver) PutMeasure(ctx context.Context, input PutMeasureInput) (*PutMeasurePayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Measure, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutMeasurePayload{n, rev}, nil
}

// A PutCellSourceInput puts a CellSource.
type PutCellSourceInput struct {
	CellSource *kg.CellSource
	PutArgs
}

// A PutCellSourcePayload is what a put came to.
type PutCellSourcePayload struct {
	CellSource *kg.CellSource
	Revision   storage.Revision
}

func (m mutationResolver) PutCellSource(ctx context.Context, input PutCellSourceInput) (*PutCellSourcePayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.CellSource, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutCellSourcePayload{n, rev}, nil
}

// A PutInterventionInput puts a Intervention.
type PutInterventionInput struct {
	Intervention *kg.Intervention
	PutArgs
}

// A PutInterventionPayload is what a put came to.
type PutInterventionPayload struct {
	Intervention *kg.Intervention
	Revision     storage.Revision
}

func (m mutationResolver) PutIntervention(ctx context.Context, input PutInterventionInput) (*PutInterventionPayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Intervention, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutInterventionPayload{n, rev}, nil
}

// A PutTrialInput puts a Trial.
type PutTrialInput struct {
	Trial *kg.Trial
	PutArgs
}

// A PutTrialPayload is what a put came to.
type PutTrialPayload struct {
	Trial    *kg.Trial
	Revision storage.Revision
}

func (m mutationResolver) PutTrial(ctx context.Context, input PutTrialInput) (*PutTrialPayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Trial, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutTrialPayload{n, rev}, nil
}

// A PutArmInput puts a Arm.
type PutArmInput struct {
	Arm *kg.Arm
	PutArgs
}

// A PutArmPayload is what a put came to.
type PutArmPayload struct {
	Arm      *kg.Arm
	Revision storage.Revision
}

func (m mutationResolver) PutArm(ctx context.Context, input PutArmInput) (*PutArmPayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Arm, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutArmPayload{n, rev}, nil
}

// A PutOutcomeInput puts a Outcome.
type PutOutcomeInput struct {
	Outcome *kg.Outcome
	PutArgs
}

// A PutOutcomePayload is what a put came to.
type PutOutcomePayload struct {
	Outcome  *kg.Outcome
	Revision storage.Revision
}

func (m mutationResolver) PutOutcome(ctx context.Context, input PutOutcomeInput) (*PutOutcomePayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Outcome, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutOutcomePayload{n, rev}, nil
}

// A PutClaimInput puts a Claim.
type PutClaimInput struct {
	Claim *kg.Claim
	PutArgs
}

// A PutClaimPayload is what a put came to.
type PutClaimPayload struct {
	Claim    *kg.Claim
	Revision storage.Revision
}

func (m mutationResolver) PutClaim(ctx context.Context, input PutClaimInput) (*PutClaimPayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Claim, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutClaimPayload{n, rev}, nil
}

// A PutConflictInput puts a Conflict.
type PutConflictInput struct {
	Conflict *kg.Conflict
	PutArgs
}

// A PutConflictPayload is what a put came to.
type PutConflictPayload struct {
	Conflict *kg.Conflict
	Revision storage.Revision
}

func (m mutationResolver) PutConflict(ctx context.Context, input PutConflictInput) (*PutConflictPayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Conflict, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutConflictPayload{n, rev}, nil
}

// A PutReferenceInput puts a Reference.
type PutReferenceInput struct {
	Reference *kg.Reference
	PutArgs
}

// A PutReferencePayload is what a put came to.
type PutReferencePayload struct {
	Reference *kg.Reference
	Revision  storage.Revision
}

func (m mutationResolver) PutReference(ctx context.Context, input PutReferenceInput) (*PutReferencePayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Reference, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutReferencePayload{n, rev}, nil
}

// A PutAgentInput puts a Agent.
type PutAgentInput struct {
	Agent *kg.Agent
	PutArgs
}

// A PutAgentPayload is what a put came to.
type PutAgentPayload struct {
	Agent    *kg.Agent
	Revision storage.Revision
}

func (m mutationResolver) PutAgent(ctx context.Context, input PutAgentInput) (*PutAgentPayload, error) {
	n, rev, err := put(ctx, m.Resolver, input.Agent, input.PutArgs)
	if err != nil {
		return nil, err
	}
	return &PutAgentPayload{n, rev}, nil
}
