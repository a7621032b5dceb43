"""The inference API's Lambda: one JSON request becomes one request of a SageMaker endpoint.

It stands alone: nothing of the generator is in its zip, and it needs nothing but the runtime's boto3.
"""
