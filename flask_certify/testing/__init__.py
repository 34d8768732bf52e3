"""What a host uses to test its own side of the fence.

Offers `contracts.HostContract`, a suite that any adapter can run. Nothing here is imported by the product.
"""
