package graph

import "github.com/stemma-kg/stemma/kg"

// The names that the schema gives to the generic types.
type (
	DiseaseConnection      = Connection[*kg.Disease]
	DiseaseEdge            = NodeEdgeOf[*kg.Disease]
	ConceptConnection      = Connection[*kg.Concept]
	ConceptEdge            = NodeEdgeOf[*kg.Concept]
	MeasureConnection      = Connection[*kg.Measure]
	MeasureEdge            = NodeEdgeOf[*kg.Measure]
	CellSourceConnection   = Connection[*kg.CellSource]
	CellSourceEdge         = NodeEdgeOf[*kg.CellSource]
	InterventionConnection = Connection[*kg.Intervention]
	InterventionEdge       = NodeEdgeOf[*kg.Intervention]
	TrialConnection        = Connection[*kg.Trial]
	TrialEdge              = NodeEdgeOf[*kg.Trial]
	ArmConnection          = Connection[*kg.Arm]
	ArmEdge                = NodeEdgeOf[*kg.Arm]
	OutcomeConnection      = Connection[*kg.Outcome]
	OutcomeEdge            = NodeEdgeOf[*kg.Outcome]
	ClaimConnection        = Connection[*kg.Claim]
	ClaimEdge              = NodeEdgeOf[*kg.Claim]
	ConflictConnection     = Connection[*kg.Conflict]
	ConflictEdge           = NodeEdgeOf[*kg.Conflict]
	ReferenceConnection    = Connection[*kg.Reference]
	ReferenceEdge          = NodeEdgeOf[*kg.Reference]
	AgentConnection        = Connection[*kg.Agent]
	AgentEdge              = NodeEdgeOf[*kg.Agent]
	NodeConnection         = Connection[kg.Node]
	NodeEdge               = NodeEdgeOf[kg.Node]
	StatementConnection    = Connection[kg.Statement]
	StatementEdge          = NodeEdgeOf[kg.Statement]
	DiseaseOrder           = Order
	DiseaseOrderField      = OrderField
	ConceptOrder           = Order
	ConceptOrderField      = OrderField
	MeasureOrder           = Order
	MeasureOrderField      = OrderField
	CellSourceOrder        = Order
	CellSourceOrderField   = OrderField
	InterventionOrder      = Order
	InterventionOrderField = OrderField
	TrialOrder             = Order
	TrialOrderField        = OrderField
	ArmOrder               = Order
	ArmOrderField          = OrderField
	OutcomeOrder           = Order
	OutcomeOrderField      = OrderField
	ClaimOrder             = Order
	ClaimOrderField        = OrderField
	ConflictOrder          = Order
	ConflictOrderField     = OrderField
	ReferenceOrder         = Order
	ReferenceOrderField    = OrderField
	AgentOrder             = Order
	AgentOrderField        = OrderField
)
