"""x"""
NAME = "live"
def build(page): pass
