"""Fulfillers that speak TM Forum's APIs: service orders (641), resource orders (652), activation (640)."""
